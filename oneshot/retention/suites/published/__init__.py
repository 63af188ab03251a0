"""Suites of published edit sets, a module each."""
