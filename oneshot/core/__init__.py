"""What blocks are made of: schedules, label embeddings, local rules."""
