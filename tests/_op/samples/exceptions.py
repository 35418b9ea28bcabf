"""Operators that a test of test_every_op.py leaves out, or treats in its own way, each with its reason."""

from __future__ import annotations

_BODY = "its body is a graph: tests/ndarray and tests/symbol run it"
NO_SAMPLE = {"_cond": _BODY, "_foreach": _BODY, "_while_loop": _BODY, "Custom": "runs a Python class that the user registers"}

#: Numbers drawn anew: nothing to compare with another type or the original.
RANDOM = {"_random_normal_like": "draws in the type of data", "_random_uniform_like": "draws in the type of data"}

_LOSS = "the gradient is that of the loss, not of the output"
OWN_GRADIENT = {
    "BlockGrad": "the gradient is zero by definition", "Cast": "float16 has steps", "IdentityAttachKLSparseReg": "adds a penalty to the gradient",
    "LinearRegressionOutput": _LOSS, "LogisticRegressionOutput": _LOSS, "MAERegressionOutput": _LOSS, "MakeLoss": _LOSS, "SVMOutput": _LOSS,
    "SoftmaxOutput": _LOSS, "make_loss": _LOSS, "_contrib_gradientmultiplier": "multiplies the gradient only",
    "_contrib_round_ste": "the gradient of the identity", "_contrib_sign_ste": "the gradient of the identity",
    "_contrib_hawkesll": "the original gives the state output no gradient",
    "_linalg_potrf": "the gradient is symmetric, the function reads one triangle",
}  # fmt: skip
#: Inputs that stand for whole numbers: no differences along them.
HELD = {"_random_pdf_generalized_negative_binomial": (0,), "_random_pdf_negative_binomial": (0,), "_random_pdf_poisson": (0,)}

NO_SECOND_ORDER = {
    "CTCLoss": "torch has no second derivative of it",
    "_contrib_SparseEmbedding": "row_sparse gradients are not recorded",
}

_LINALG = "the original refuses half types in linalg"
NO_HALF = {
    **{f"_linalg_{n}": _LINALG for n in (
        "det", "extractdiag", "extracttrian", "gelqf", "gemm", "gemm2", "inverse", "makediag", "maketrian", "potrf", "potri", "slogdet", "sumlogdiag",
        "syevd", "syrk", "trmm", "trsm")},
    "_contrib_quantized_batch_norm": "whole levels: a rounded parameter moves a result to the next one",
    "_contrib_quantized_rnn": "its float inputs are float32, the data are integers",
}  # fmt: skip
#: Operators whose statistics stay float32: the inputs that may be of a half type.
HALF_INPUTS = dict.fromkeys(("BatchNorm", "BatchNorm_v1", "_contrib_BatchNormWithReLU", "_contrib_SyncBatchNorm"), (0,))

NO_HALF_GRADIENT = {"SpatialTransformer": "its sample reads cell borders, where the derivative jumps"}

NO_OUT = {"_set_value": "out is its only input: test_set_value", "reset_arrays": "has no outputs"}
SHARES = {"_set_value": NO_OUT["_set_value"]}
_STATES = "writes the states among its inputs"
WRITES = {
    "BatchNorm": "fix_gamma writes ones into gamma, as the original", "BatchNorm_v1": "fix_gamma writes ones into gamma, as the original",
    "reset_arrays": "zeros are written into the inputs", "_set_value": NO_OUT["_set_value"],
    **dict.fromkeys((
        "_multi_adamw_update", "_multi_lamb_update", "_multi_mp_adamw_update", "_multi_mp_lamb_update", "multi_mp_sgd_mom_update", "multi_mp_sgd_update",
        "multi_sgd_mom_update", "preloaded_multi_mp_sgd_mom_update", "preloaded_multi_mp_sgd_update", "preloaded_multi_sgd_mom_update"), _STATES),
}  # fmt: skip
NO_EMPTY: dict[str, str] = {}
NO_INFERENCE = {
    "_contrib_boolean_mask": "the shape depends on values", "_cvimdecode": "the shape is in the bytes", "_set_value": NO_OUT["_set_value"],
    "reset_arrays": NO_OUT["reset_arrays"],
}  # fmt: skip
NO_SYMBOL = {"_set_value": NO_OUT["_set_value"], "reset_arrays": NO_OUT["reset_arrays"]}

_STORED = "acts on stored elements only, by definition"
OTHER_STORAGE = {
    "_scatter_elemwise_div": _STORED, "_scatter_minus_scalar": _STORED, "_scatter_plus_scalar": _STORED,
    "nag_mom_update": "a lazy update: rows without a gradient stay", "cast_storage": "makes storage: tests/_op/test_sparse_against_dense.py",
}  # fmt: skip

#: Operators that are another one inside: its name stands in their errors.
SPEAKS_AS = {
    "Convolution_v1": "Convolution", "Pooling_v1": "Pooling", "_contrib_SparseEmbedding": "Embedding", "_contrib_quantized_conv": "Convolution",
    "_contrib_quantized_fully_connected": "FullyConnected", "_contrib_quantized_pooling": "Pooling", "_contrib_quantized_rnn": "RNN",
    "_contrib_dgl_csr_neighbor_non_uniform_sample": "dgl_csr_neighbor_sample", "_contrib_dgl_csr_neighbor_uniform_sample": "dgl_csr_neighbor_sample",
}  # fmt: skip
