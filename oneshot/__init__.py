"""Tell a frozen language model a fact once: written into weights, forgotten exactly."""

__version__ = "0.1.0"
