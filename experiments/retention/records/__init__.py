"""The bench on real models as tables: its records, all suites, the front page, the hard cases."""
