"""Which words of a sentence are its prompt, its answer and its subject."""
