"""The journal: what was taught and examined, as rows of an SQLite file."""
