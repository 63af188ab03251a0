"""Rules that train image blocks without gradients, one module each, behind one interface."""
