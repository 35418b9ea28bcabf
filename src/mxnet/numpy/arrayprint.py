"""How arrays print (MXNet's module of this name)."""

from ._creation import set_printoptions

__all__ = ["set_printoptions"]
