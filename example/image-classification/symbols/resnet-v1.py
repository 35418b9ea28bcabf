"""Residual networks of version 1, under the name that --network has for them."""

from .resnetv1 import get_symbol

__all__ = ["get_symbol"]
