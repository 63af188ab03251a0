"""What to ask next, and who resembles whom."""
