"""Learners that are compared on classes."""
