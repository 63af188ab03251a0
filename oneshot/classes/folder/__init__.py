"""A folder of classes on disk: its shelf of examples, its journal, and its opening."""
