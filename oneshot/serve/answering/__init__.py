"""Many questions at once on one model: rows of batches that take turns, all in one thread."""
