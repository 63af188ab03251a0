"""Commands that carry facts about: into a brain, out of it, and from one to another."""
