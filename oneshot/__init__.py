"""Tell a frozen language model a fact once: written into weights, no backward pass, exact forgetting."""

__version__ = "0.1.0"
