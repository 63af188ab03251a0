"""What the server offers under which path."""
