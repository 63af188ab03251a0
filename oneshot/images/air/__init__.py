"""Blocks that are small modern networks, trained by NoProp: whole ones, or a stage each."""
