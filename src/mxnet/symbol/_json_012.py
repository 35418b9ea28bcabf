"""Graph files for MXNet 0.12: its attributes are under `attr`, its readers refuse fields, operators and attributes that came later.

The tables say what 0.12.0 knows, as its own list of operators tells. What is at a default that 0.12 did not have yet is left out; what
cannot be said in its words is an error when the file is written, not when it is read somewhere else.
"""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from ..error import MXNetError

VERSION = 1200
#: Operators of ours that 0.12.0 has under the same name.
KNOWN = frozenset(
    """
Activation BatchNorm BatchNorm_v1 BilinearSampler BlockGrad Cast Concat Convolution Convolution_v1 Correlation Crop Custom Deconvolution
Dropout Embedding Flatten FullyConnected GridGenerator IdentityAttachKLSparseReg InstanceNorm L2Normalization LRN LeakyReLU
LinearRegressionOutput LogisticRegressionOutput MAERegressionOutput MakeLoss Pad Pooling Pooling_v1 RNN ROIPooling Reshape SVMOutput
SequenceLast SequenceMask SequenceReverse SliceChannel SoftmaxActivation SoftmaxOutput SpatialTransformer SwapAxis UpSampling
_CrossDeviceCopy _arange _contrib_DeformableConvolution _contrib_DeformablePSROIPooling _contrib_MultiBoxDetection
_contrib_MultiBoxPrior _contrib_MultiBoxTarget _contrib_MultiProposal _contrib_PSROIPooling _contrib_Proposal _contrib_count_sketch
_contrib_dequantize _contrib_fft _contrib_ifft _contrib_quantize _copy _copyto _cvcopyMakeBorder _cvimdecode _cvimread _cvimresize
_div_scalar _equal _equal_scalar _grad_add _greater _greater_equal _greater_equal_scalar _greater_scalar _hypot _hypot_scalar
_identity_with_attr_like_rhs _lesser _lesser_equal _lesser_equal_scalar _lesser_scalar _linalg_gelqf _linalg_gemm _linalg_gemm2
_linalg_potrf _linalg_potri _linalg_sumlogdiag _linalg_syevd _linalg_syrk _linalg_trmm _linalg_trsm _maximum _maximum_scalar _minimum
_minimum_scalar _minus_scalar _mod _mod_scalar _mul_scalar _not_equal _not_equal_scalar _onehot_encode _ones _plus_scalar _power
_power_scalar _random_exponential _random_gamma _random_generalized_negative_binomial _random_negative_binomial _random_normal
_random_poisson _random_uniform _rdiv_scalar _rminus_scalar _rmod_scalar _rpower_scalar _sample_exponential _sample_gamma
_sample_generalized_negative_binomial _sample_multinomial _sample_negative_binomial _sample_normal _sample_poisson _sample_uniform
_scatter_elemwise_div _scatter_minus_scalar _scatter_plus_scalar _set_value _slice_assign _sparse_retain _square_sum _zeros abs
adam_update add_n arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort batch_dot batch_take broadcast_add
broadcast_axis broadcast_div broadcast_equal broadcast_greater broadcast_greater_equal broadcast_hypot broadcast_lesser
broadcast_lesser_equal broadcast_maximum broadcast_minimum broadcast_mod broadcast_mul broadcast_not_equal broadcast_power broadcast_sub
broadcast_to cast_storage cbrt ceil clip cos cosh degrees dot elemwise_add elemwise_div elemwise_mul elemwise_sub exp expand_dims expm1
fill_element_0index fix floor ftrl_update gamma gammaln gather_nd log log10 log1p log2 log_softmax make_loss max mean min
mp_sgd_mom_update mp_sgd_update nanprod nansum negative norm one_hot ones_like pick prod radians rcbrt reciprocal relu repeat
reshape_like reverse rint rmsprop_update rmspropalex_update round rsqrt scatter_nd sgd_mom_update sgd_update sigmoid sign sin sinh slice
slice_axis smooth_l1 softmax softmax_cross_entropy sort sqrt square stack sum take tan tanh tile topk transpose trunc where zeros_like
""".split()
)
#: Those it has under another name.
RENAMED = {"CTCLoss": "_contrib_CTCLoss", "_slice_assign_scalar": "_crop_assign_scalar"}
#: Attributes that came later.
LATER = {
    "BatchNorm": ("min_calib_range", "max_calib_range"), "BilinearSampler": ("cudnn_off",), "Dropout": ("axes", "cudnn_off"),
    "Embedding": ("sparse_grad",), "Pooling": ("p_value", "count_include_pad", "layout"),
    "RNN": ("projection_size", "lstm_state_clip_min", "lstm_state_clip_max", "lstm_state_clip_nan", "use_sequence_length"),
    "SequenceLast": ("axis",), "SequenceMask": ("axis",), "SequenceReverse": ("axis",), "SpatialTransformer": ("cudnn_off",),
    "_arange": ("infer_range",), "_linalg_gemm": ("axis",), "_linalg_gemm2": ("axis",), "_linalg_trmm": ("lower",), "_linalg_trsm": ("lower",),
    "_slice_assign": ("step",), "_slice_assign_scalar": ("step",), "adam_update": ("lazy_update",), "argsort": ("dtype",),
    "batch_dot": ("forward_stype",), "dot": ("forward_stype",), "log_softmax": ("temperature", "dtype", "use_length"),
    "mp_sgd_mom_update": ("lazy_update",), "mp_sgd_update": ("lazy_update",), "norm": ("ord", "axis", "out_dtype", "keepdims"),
    "pick": ("mode",), "reshape_like": ("lhs_begin", "lhs_end", "rhs_begin", "rhs_end"), "sgd_mom_update": ("lazy_update",),
    "sgd_update": ("lazy_update",), "slice": ("step",), "softmax": ("temperature", "dtype", "use_length"), "topk": ("dtype",),
}  # fmt: skip
#: Later attributes that only say how to compute: left out whatever they are.
HINTS = frozenset({"cudnn_off", "is_int", "forward_stype", "sparse_grad", "min_calib_range", "max_calib_range"})
#: Values that came later: (operator, attribute) -> values.
LATER_VALUES = {
    ("Activation", "act_type"): ("softsign",), ("LeakyReLU", "act_type"): ("selu", "gelu"), ("Pooling", "pool_type"): ("lp",),
    ("Pooling", "pooling_convention"): ("same",), **dict.fromkeys(
        [(o, "dtype") for o in ("Embedding", "one_hot", "_zeros", "_ones", "_arange", "Cast")], ("int64", "bfloat16", "bool", "int8")),
}  # fmt: skip


def as_012(graph: dict[str, Any]) -> dict[str, Any]:
    """The content of a graph file of 1.9.1 as 0.12 writes it."""
    if "is_np_shape" in graph["attrs"]:
        raise MXNetError("tojson: NumPy shapes are on, which MXNet 0.12 does not have. Write the graph without version.")
    return {**graph, "nodes": [_node(row) for row in graph["nodes"]], "attrs": {"mxnet_version": ["int", VERSION]}}


def _node(row: dict[str, Any]) -> dict[str, Any]:
    name = row["op"]
    old = RENAMED.get(name, name)
    if name != "null" and name not in KNOWN and name not in RENAMED:
        raise MXNetError(f"tojson: node {row['name']!r}: MXNet 0.12 has no operator {name}. Write the graph without version.")
    made = {"op": old, "name": row["name"]}
    attrs = {k: v for k, v in row.get("attrs", {}).items() if _stays(row, k, v)}
    if attrs:
        made["attr"] = attrs
    made["inputs"] = row["inputs"]
    return made


def _stays(row: dict[str, Any], key: str, text: str) -> bool:
    """Whether 0.12 knows an attribute; one that it does not know must say nothing."""
    name = row["op"]
    if text in LATER_VALUES.get((name, key), ()):
        raise MXNetError(f"tojson: node {row['name']!r}: MXNet 0.12 has no {key}={text} of {name}. Write the graph without version.")
    if key == "is_int" and name.endswith("_scalar"):
        return False
    if key not in LATER.get(name, ()):
        return True
    spec = NAMES[name].specs.get(key)
    if spec is not None and key not in HINTS and spec.parse(text, name) != spec.default:
        raise MXNetError(
            f"tojson: node {row['name']!r}: MXNet 0.12 has no attribute {key} of {name} (it is {text}). Write the graph without version."
        )
    return False
