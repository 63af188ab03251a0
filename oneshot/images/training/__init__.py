"""The training run: its loop, checkpoints, processes and memory."""
