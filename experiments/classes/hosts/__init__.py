"""Frozen hosts of classes: trained, calibrated, and what they give of whole image sets."""
