"""What a brain costs and keeps as it grows to a million facts."""
