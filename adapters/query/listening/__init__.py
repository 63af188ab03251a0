"""What a text asks: its clauses, the names in them, and their readings."""
