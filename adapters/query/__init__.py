"""The path of one query: decide, denoise, and what is remembered between passes."""
