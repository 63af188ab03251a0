"""How classes are written: what is kept of the examples, and how guesses are made of it."""
