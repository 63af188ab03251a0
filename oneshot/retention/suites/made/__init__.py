"""Suites of this project's own facts."""
