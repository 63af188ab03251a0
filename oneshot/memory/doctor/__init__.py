"""What is looked at in a folder of weights, and mended: the same for brains and for classes."""
