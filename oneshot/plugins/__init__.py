"""A brain inside other programs: MCP clients, and the command `llm`."""
