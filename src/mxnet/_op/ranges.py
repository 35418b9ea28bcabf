"""Limits of attributes that an operator refuses as soon as it is called or put into a graph, before any shape is known."""

from __future__ import annotations

from ..error import MXNetError

_Limits = tuple[int, int | None]
_ONE: _Limits = (1, None)
_ZERO: _Limits = (0, None)
_UNIT: _Limits = (0, 1)
_FILTERS = {"num_filter": _ONE, "workspace": _ZERO}

#: (least, most) by operator and attribute; None: no limit. The limits are those of MXNet 1.9.1.
RANGES: dict[str, dict[str, _Limits]] = {
    "Convolution": _FILTERS,
    "Convolution_v1": _FILTERS,
    "Deconvolution": _FILTERS,
    "Dropout": {"p": _UNIT},
    "Embedding": {"input_dim": _ONE, "output_dim": _ONE},
    "FullyConnected": {"num_hidden": _ONE},
    "IdentityAttachKLSparseReg": {"sparseness_target": _UNIT, "momentum": _UNIT},
    "RNN": {"p": _UNIT},
    "ROIPooling": {"spatial_scale": _UNIT},
    "SliceChannel": {"num_outputs": _ONE},
    "SoftmaxOutput": {"smooth_alpha": _UNIT},
    "UpSampling": {"scale": _ONE, "workspace": _ZERO},
    "_contrib_BilinearResize2D": {"height": _ONE, "width": _ONE},
    "_contrib_DeformableConvolution": _FILTERS,
    "_contrib_DeformablePSROIPooling": {"spatial_scale": _UNIT, "trans_std": _UNIT},
    "_contrib_ModulatedDeformableConvolution": _FILTERS,
    "_contrib_PSROIPooling": {"spatial_scale": _UNIT},
    "_contrib_ROIAlign": {"spatial_scale": _UNIT},
    "_contrib_RROIAlign": {"spatial_scale": _UNIT},
    "_contrib_SparseEmbedding": {"input_dim": _ONE, "output_dim": _ONE},
}


def check_ranges(op: str, attrs: dict) -> None:
    """An error for the first attribute that is beyond the operator's limits."""
    for name, (least, most) in RANGES.get(op, {}).items():
        value = attrs.get(name)
        if value is None or (value >= least and (most is None or value <= most)):
            continue
        limit = f"at least {least}" if most is None else f"within {least} ... {most}"
        raise MXNetError(f"{op}: {name} is {value}, it must be {limit}. Pass such a value.")
