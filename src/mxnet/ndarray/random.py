"""Placeholder until the random helper's file lands."""
