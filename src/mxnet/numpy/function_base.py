"""Grids (MXNet's module of this name)."""

from ._creation import meshgrid

__all__ = ["meshgrid"]
