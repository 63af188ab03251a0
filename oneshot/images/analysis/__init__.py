"""What a trained chain does, and how fast it trains."""
