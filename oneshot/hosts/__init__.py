"""Frozen models and the shipped corpus."""
