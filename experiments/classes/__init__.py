"""New classes written into frozen hosts."""
