"""Questions that take several taught facts, one inside the other."""
