"""Operator definitions. Importing this package registers all of them."""
