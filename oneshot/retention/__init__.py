"""How well written facts are kept: every method, the same facts, the same questions."""
