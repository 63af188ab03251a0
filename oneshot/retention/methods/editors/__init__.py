"""Locate-and-edit rivals: closed-form changes of the host's own weights."""
