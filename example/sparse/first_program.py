"""The announcement's first program: a SciPy CSR matrix, the same matrix in MXNet, and its product with a vector of ones.

    python example/sparse/first_program.py

The product of a matrix with ones is the sum of each row, so SciPy can check it.
"""

import numpy as np
import scipy.sparse

import mxnet as mx


def main(rows: int = 10_000, columns: int = 100_000, density: float = 1e-4, seed: int = 0) -> float:
    """Multiply, compare with SciPy, and return the largest difference."""
    # 1. A sparse matrix as SciPy programs have it: 10,000 x 100,000, one entry in ten thousand.
    matrix = scipy.sparse.random(rows, columns, density=density, format="csr", dtype=np.float32, random_state=np.random.default_rng(seed))

    # 2. The same matrix as an MXNet array. Only the stored elements are kept: data, indices, indptr.
    csr = mx.nd.sparse.csr_matrix(matrix)
    print(f"{csr.shape[0]:,} x {csr.shape[1]:,}, {csr.data.size:,} stored elements, storage type {csr.stype!r}")

    # 3. A sparse product with a column of ones. Nothing of size rows x columns is ever made.
    ones = mx.nd.ones((columns, 1))
    product = mx.nd.sparse.dot(csr, ones)

    # 4. SciPy says the same.
    expected = matrix @ np.ones((columns, 1), dtype=np.float32)
    difference = float(np.abs(product.asnumpy() - expected).max())
    print(f"largest difference to SciPy: {difference:.2e}")
    return difference


if __name__ == "__main__":
    assert main() < 1e-4
