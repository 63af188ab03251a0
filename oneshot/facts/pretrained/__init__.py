"""A brain in other people's code: its facts hung on a model, saved, and shared by name."""
