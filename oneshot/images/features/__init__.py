"""Features that no label shaped: whitened patches, in small integers, and a frozen chain."""
