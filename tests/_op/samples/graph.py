"""Operators on graphs, which are csr matrices of edge ids."""

from __future__ import annotations

import numpy as np

from .sample import Sample, csr


def _ring(dtype: str = "int64") -> np.ndarray:
    """Six vertices in a ring with both directions; edge ids 1 ... 12."""
    graph = np.zeros((6, 6), dtype)
    for i in range(6):
        graph[i, sorted(((i - 1) % 6, (i + 1) % 6))] = 2 * i + 1, 2 * i + 2
    return graph


_SEEDS = np.array([0, 3], "int64")
SAMPLES = [
    Sample("_contrib_edge_id", (csr(_ring("float32")), np.array([0, 1], "float32"), np.array([1, 5], "float32"))),
    Sample("_contrib_getnnz", (csr(_ring("float32")),)),
    Sample("_contrib_getnnz", (csr(_ring("float32")),), {"axis": 1}),
    Sample("_contrib_dgl_adjacency", (csr(_ring()),)),
    Sample("_contrib_dgl_subgraph", (csr(_ring()), np.array([0, 1, 2], "int64")), {"num_args": 2, "return_mapping": True}),
    Sample("_contrib_dgl_csr_neighbor_uniform_sample", (csr(_ring()), _SEEDS), {"num_args": 2, "num_hops": 1, "num_neighbor": 2,
                                                                               "max_num_vertices": 6}),
    Sample("_contrib_dgl_csr_neighbor_non_uniform_sample", (csr(_ring()), np.full(6, 0.5, "float32"), _SEEDS),
           {"num_args": 3, "num_hops": 1, "num_neighbor": 2, "max_num_vertices": 6}),
    Sample("_contrib_dgl_graph_compact", (csr(_ring()), np.array([0, 1, 2, 3, 4, 5, 6], "int64")),
           {"num_args": 2, "return_mapping": False, "graph_sizes": (6,)}),
]  # fmt: skip
