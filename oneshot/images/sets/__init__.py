"""Sets of labelled pictures: found by name, read from sheets, or made of folders of files."""
