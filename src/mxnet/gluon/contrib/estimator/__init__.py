"""Training loops with events."""
