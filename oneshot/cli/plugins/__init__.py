"""Commands that let other programs use a brain."""
