"""numba and scipy are imported at the first call that needs them, not with mxnet."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import mxnet as mx
heavy = [m for m in ("numba", "scipy", "llvmlite") if m in sys.modules]
assert not heavy, heavy
a = mx.nd.sparse.csr_matrix(([1.0, 2.0], [0, 1], [0, 1, 2]), shape=(2, 2))
(a * 2).asnumpy(), a[0], a.tostype("default")
assert "numba" not in sys.modules
mx.nd.dot(a, mx.nd.ones((2, 1)))
assert "numba" in sys.modules
"""


def test_numba_comes_with_the_first_product():
    subprocess.run([sys.executable, "-c", CODE], check=True)
