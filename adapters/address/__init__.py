"""Who is spoken of and what is asked of it."""
