"""Questions and other clozes that ask what a taught prompt tells, by grammar."""
