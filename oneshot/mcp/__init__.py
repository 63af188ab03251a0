"""A brain as a Model Context Protocol server: what a client may call, and what it is answered."""
