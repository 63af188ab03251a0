"""Data split, training and export of the packaged factual language model."""
