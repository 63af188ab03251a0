"""What the browser gets; no build step, nothing from elsewhere."""
