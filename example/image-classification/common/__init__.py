"""What the training programs share: options and the training run (fit), and data (data)."""
