"""Stochastic variance reduced gradients for Module."""

from __future__ import annotations

from . import svrg_module

__all__ = ["svrg_module"]
