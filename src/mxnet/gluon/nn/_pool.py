"""Pooling layers, and padding by reflection."""

from __future__ import annotations

from typing import Any

from ..block import HybridBlock
from ._conv import spread


class _Pooling(HybridBlock):
    """What all pooling layers share."""

    def __init__(self, pool_size: tuple[int, ...], strides: Any, padding: Any, ceil_mode: bool, global_pool: bool, pool_type: str, layout: str,
                 count_include_pad: bool | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        where, count = type(self).__name__, len(pool_size)
        axes = "DHW"[-count:]
        if layout not in (f"NC{axes}", f"N{axes}C"):
            raise AssertionError(f"{where}: layout is {layout!r}. Use NC{axes} or N{axes}C.")
        self._kwargs: dict[str, Any] = {
            "kernel": pool_size, "stride": pool_size if strides is None else spread(strides, count, where, "strides"),
            "pad": spread(padding, count, where, "padding"), "global_pool": global_pool, "pool_type": pool_type, "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
        }  # fmt: skip
        if count_include_pad is not None:
            self._kwargs["count_include_pad"] = count_include_pad

    def _alias(self) -> str:
        return "pool"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The pooled array."""
        return F.Pooling(x, name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        k = self._kwargs
        return (f"{type(self).__name__}(size={k['kernel']}, stride={k['stride']}, padding={k['pad']}, "
                f"ceil_mode={k['pooling_convention'] == 'full'}, global_pool={k['global_pool']}, pool_type={k['pool_type']}, layout={k['layout']})")  # fmt: skip


class MaxPool1D(_Pooling):
    """Largest value of each window: (N, C, W) -> (N, C, W'), W' = (W + 2 padding - pool_size) / strides + 1, rounded down (ceil_mode: up).

    strides: default pool_size.
    """

    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: Any = 0, layout: str = "NCW", ceil_mode: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(spread(pool_size, 1, "MaxPool1D", "pool_size"), strides, padding, ceil_mode, False, "max", layout, **kwargs)


class MaxPool2D(_Pooling):
    """Largest value of each window: (N, C, H, W) -> (N, C, H', W'); sizes as in MaxPool1D along each axis.

    >>> mx.gluon.nn.MaxPool2D()(mx.nd.arange(16).reshape((1, 1, 4, 4))).asnumpy().tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: Any = 0, layout: str = "NCHW", ceil_mode: bool = False,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(spread(pool_size, 2, "MaxPool2D", "pool_size"), strides, padding, ceil_mode, False, "max", layout, **kwargs)


class MaxPool3D(_Pooling):
    """Largest value of each window: (N, C, D, H, W) -> (N, C, D', H', W'); sizes as in MaxPool1D along each axis."""

    def __init__(self, pool_size: Any = (2, 2, 2), strides: Any = None, padding: Any = 0, ceil_mode: bool = False, layout: str = "NCDHW",
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(spread(pool_size, 3, "MaxPool3D", "pool_size"), strides, padding, ceil_mode, False, "max", layout, **kwargs)


class AvgPool1D(_Pooling):
    """Mean of each window: (N, C, W) -> (N, C, W'); count_include_pad: padding counts as zeros, else it is left out of the mean."""

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: Any = 0, layout: str = "NCW", ceil_mode: bool = False,
                 count_include_pad: bool = True, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(
            spread(pool_size, 1, "AvgPool1D", "pool_size"), strides, padding, ceil_mode, False, "avg", layout, count_include_pad, **kwargs
        )


class AvgPool2D(_Pooling):
    """Mean of each window: (N, C, H, W) -> (N, C, H', W').

    >>> mx.gluon.nn.AvgPool2D()(mx.nd.arange(16).reshape((1, 1, 4, 4))).asnumpy().tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: Any = 0, ceil_mode: bool = False, layout: str = "NCHW",
                 count_include_pad: bool = True, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(
            spread(pool_size, 2, "AvgPool2D", "pool_size"), strides, padding, ceil_mode, False, "avg", layout, count_include_pad, **kwargs
        )


class AvgPool3D(_Pooling):
    """Mean of each window: (N, C, D, H, W) -> (N, C, D', H', W')."""

    def __init__(self, pool_size: Any = (2, 2, 2), strides: Any = None, padding: Any = 0, ceil_mode: bool = False, layout: str = "NCDHW",
                 count_include_pad: bool = True, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(
            spread(pool_size, 3, "AvgPool3D", "pool_size"), strides, padding, ceil_mode, False, "avg", layout, count_include_pad, **kwargs
        )


class GlobalMaxPool1D(_Pooling):
    """Largest value of each channel: (N, C, W) -> (N, C, 1)."""

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        super().__init__((1,), None, 0, True, True, "max", layout, **kwargs)


class GlobalMaxPool2D(_Pooling):
    """Largest value of each channel: (N, C, H, W) -> (N, C, 1, 1)."""

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        super().__init__((1, 1), None, 0, True, True, "max", layout, **kwargs)


class GlobalMaxPool3D(_Pooling):
    """Largest value of each channel: (N, C, D, H, W) -> (N, C, 1, 1, 1)."""

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        super().__init__((1, 1, 1), None, 0, True, True, "max", layout, **kwargs)


class GlobalAvgPool1D(_Pooling):
    """Mean of each channel: (N, C, W) -> (N, C, 1)."""

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        super().__init__((1,), None, 0, True, True, "avg", layout, **kwargs)


class GlobalAvgPool2D(_Pooling):
    """Mean of each channel: (N, C, H, W) -> (N, C, 1, 1)."""

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        super().__init__((1, 1), None, 0, True, True, "avg", layout, **kwargs)


class GlobalAvgPool3D(_Pooling):
    """Mean of each channel: (N, C, D, H, W) -> (N, C, 1, 1, 1)."""

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        super().__init__((1, 1, 1), None, 0, True, True, "avg", layout, **kwargs)


class ReflectionPad2D(HybridBlock):
    """Pads images with their mirror image: (N, C, H, W) -> (N, C, H + 2 padding, W + 2 padding); padding may be the 8 numbers of `pad_width`."""

    def __init__(self, padding: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = (0, 0, 0, 0, padding, padding, padding, padding)
        if len(padding) != 8:
            raise AssertionError(
                f"ReflectionPad2D: padding is {padding}. Pass one number, or 8: before and after for each axis of (N, C, H, W)."
            )
        self._padding = tuple(padding)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The padded array."""
        return F.pad(x, mode="reflect", pad_width=self._padding)
