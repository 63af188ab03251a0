"""How well written facts are kept, by method and suite."""
