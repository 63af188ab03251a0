"""What a brain holds in memory of what lies on the disk: rows, and what facts were taught as."""
