"""The command that talks: what is typed, what it does, and answers as they come."""
