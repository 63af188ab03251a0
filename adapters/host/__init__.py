"""Where a host keeps its parts, and how its states are read."""
