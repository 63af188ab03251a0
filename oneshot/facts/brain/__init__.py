"""A brain: the folder that holds what was taught, its weights and its journal together."""
