"""Helpers for tests of programs and operators: comparison, random inputs, gradient checks.

Test programs write `from mxnet.test_utils import *` and use modules (mx, np, os, sys ...) that come with it, so they are public names here.
"""

import bz2
import errno
import gzip
import json
import logging
import numbers
import os
import platform
import struct
import subprocess
import sys
import time
import traceback
import zipfile
from collections import OrderedDict
from contextlib import contextmanager

import numpy as np
import numpy.random as rnd
import numpy.testing as npt
import scipy.stats as ss

import mxnet as mx

from ..context import Context, current_context
from ..error import MXNetError
from ..ndarray import array
from ..numpy._symbolic import _Symbol as np_symbol
from ..runtime import Features
from ..symbol import Symbol
from ..util import get_cuda_compute_capability, getenv, setenv, use_np
from ._checks import (
    check_consistency,
    check_gluon_hybridize_consistency,
    check_numeric_gradient,
    check_speed,
    check_symbolic_backward,
    check_symbolic_forward,
    collapse_sum_like,
    compare_optimizer,
    np_reduce,
    numeric_grad,
    simple_forward,
)
from ._compare import (
    almost_equal,
    almost_equal_ignore_nan,
    assert_allclose,
    assert_almost_equal,
    assert_almost_equal_ignore_nan,
    assert_almost_equal_with_err,
    assert_exception,
    checkShapes,
    compare_ndarray_tuple,
    default_atols,
    default_context,
    default_dtype,
    default_numeric_eps,
    default_rtols,
    effective_dtype,
    find_max_violation,
    get_atol,
    get_etol,
    get_rtol,
    get_tolerance,
    get_tols,
    has_tvm_ops,
    is_aarch64_run,
    is_cd_run,
    is_op_runnable,
    list_gpus,
    locationError,
    same,
    same_array,
    same_symbol_structure,
    set_default_context,
)
from ._data import (
    download,
    download_model,
    get_bz2_data,
    get_cifar10,
    get_im2rec_path,
    get_mnist,
    get_mnist_iterator,
    get_mnist_pkl,
    get_mnist_ubyte,
    get_zip_data,
)
from ._environment import DummyIter, discard_stderr, environment, retry, set_env_var
from ._random import (
    assign_each,
    assign_each2,
    create_2d_tensor,
    create_sparse_array,
    create_sparse_array_zd,
    create_vector,
    get_identity_mat,
    get_identity_mat_batch,
    new_matrix_with_real_eigvals_2d,
    new_matrix_with_real_eigvals_nd,
    new_orthonormal_matrix_2d,
    new_sym_matrix_with_real_eigvals_2d,
    new_sym_matrix_with_real_eigvals_nd,
    rand_coord_2d,
    rand_ndarray,
    rand_shape_2d,
    rand_shape_3d,
    rand_shape_nd,
    rand_sparse_ndarray,
    random_arrays,
    random_sample,
    random_uniform_arrays,
    shuffle_csr_column_indices,
)
from ._random_checks import chi_square_check, gen_buckets_probs_with_ppf, mean_check, var_check, verify_generator

__all__ = [n for n in globals() if not n.startswith("_")]
