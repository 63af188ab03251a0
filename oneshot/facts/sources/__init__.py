"""Facts from files that people have: a module for each format, chosen by what a file holds."""
