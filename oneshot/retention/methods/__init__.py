"""Ways of writing facts into a model: ours, and those that a user would pick instead."""
