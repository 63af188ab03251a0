"""Facts as users give and get them: statements, brains, and the learner."""
