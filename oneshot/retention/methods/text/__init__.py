"""Rivals that keep facts as text beside the host, and find them by the question."""
