"""The program that measures what taught facts imply."""
