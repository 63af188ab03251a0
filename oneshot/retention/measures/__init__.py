"""What is measured of a method on a suite."""
