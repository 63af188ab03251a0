"""A server that answers as OpenAI's does; facts are taught and forgotten while it runs."""
