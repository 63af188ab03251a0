"""Commands about classes: `oneshot class`."""
