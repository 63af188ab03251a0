"""What lies on the disk: segment files of weights, written so that a crash leaves them whole."""
