"""What is written and asked: suites of facts with their probes, by name."""
