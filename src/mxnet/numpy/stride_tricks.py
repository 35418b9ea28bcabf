"""Broadcasting (MXNet's module of this name)."""

from ._shape import broadcast_arrays

__all__ = ["broadcast_arrays"]
