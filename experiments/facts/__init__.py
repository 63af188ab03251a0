"""How well taught facts are answered, and what else changes."""
