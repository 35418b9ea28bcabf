"""Arrays from text (MXNet's module of this name)."""

from ._creation import genfromtxt

__all__ = ["genfromtxt"]
