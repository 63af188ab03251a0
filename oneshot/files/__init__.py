"""Files that every half of the package reads and writes alike."""
