"""Requests and replies in OpenAI's shapes."""
