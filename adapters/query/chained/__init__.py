"""Questions that one fact does not answer: chains of facts, and steps that the host takes."""
