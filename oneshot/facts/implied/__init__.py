"""What taught facts imply: inverses, lists, counts, rules of the user's, and what is over."""
