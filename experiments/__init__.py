"""Experiments: what the project measured, with configs and records."""
