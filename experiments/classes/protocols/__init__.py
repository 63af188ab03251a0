"""Protocols in which classes arrive, each run giving one record."""
