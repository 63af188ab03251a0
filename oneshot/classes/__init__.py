"""New classes written into frozen networks from a few examples."""
