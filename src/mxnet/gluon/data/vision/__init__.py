"""Image data sets and transforms."""
