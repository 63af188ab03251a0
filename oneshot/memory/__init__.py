"""The journal and the index: what was taught and who resembles whom."""
