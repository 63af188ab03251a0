"""What `oneshot demo` does and measures; every figure is of this run."""
