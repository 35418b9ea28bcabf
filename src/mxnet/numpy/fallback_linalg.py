"""Functions of `mx.np.linalg` that NumPy computes on copies (MXNet's module of this name)."""

from .fallback import LINALG

globals().update(LINALG)
__all__ = list(LINALG)
