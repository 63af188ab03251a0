"""A server that answers as OpenAI's does, with facts that are taught and forgotten while it runs."""
