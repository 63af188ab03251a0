"""Frozen networks that describe pictures and texts by features."""
