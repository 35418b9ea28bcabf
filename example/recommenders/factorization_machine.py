"""A factorization machine on MovieLens: CSR features, row-sparse weights, lazy AdaGrad.

    python example/recommenders/factorization_machine.py [--dense] [--optimizer adagrad] [--epochs 12]

    y(x) = w0 + <w, x> + 1/2 * sum_f ( (x V)_f^2 - (x^2 V^2)_f )

x is one line of a CSR matrix: a one for the user, a one for the film. `row_sparse_data` hands out the rows of the tables that the batch
names, `dot(csr, row_sparse)` multiplies with them, and their gradients are row-sparse again: a step costs what the batch touches.
S. Rendle, "Factorization Machines", ICDM 2010.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent))
import movielens

import mxnet as mx
from mxnet import autograd, gluon, nd


class FactorizationMachine(gluon.Block):
    """The model of the equation above; sparse=False keeps weights and gradients dense."""

    def __init__(self, features: int, factors: int, mean: float, sparse: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.sparse = sparse
        stype = "row_sparse" if sparse else "default"
        with self.name_scope():
            self.w0 = self.params.get("w0", shape=(1,), init=mx.init.Constant(mean), wd_mult=0.0)
            self.w = self.params.get("w", shape=(features, 1), init="zeros", stype=stype, grad_stype=stype)
            self.v = self.params.get("v", shape=(features, factors), init=mx.init.Normal(0.05), stype=stype, grad_stype=stype)

    def forward(self, x):
        if self.sparse:
            rows = x.indices
            w, v = self.w.row_sparse_data(rows), self.v.row_sparse_data(rows)
        else:
            w, v = self.w.data(), self.v.data()
        linear = nd.sparse.dot(x, w)
        once = nd.square(nd.sparse.dot(x, v))
        twice = nd.sparse.dot(nd.sparse.square(x), nd.square(v))
        pairs = 0.5 * nd.sum(once - twice, axis=1, keepdims=True)
        return self.w0.data() + linear + pairs


def features(ratings: movielens.Ratings, users: np.ndarray, items: np.ndarray):
    """One CSR line for each rating: a one for its user and a one for its film."""
    n = len(users)
    indices = np.stack([users, ratings.users + items], axis=1).reshape(-1)
    data, indptr = np.ones(2 * n, np.float32), np.arange(0, 2 * n + 1, 2)
    return nd.sparse.csr_matrix((data, indices, indptr), shape=(n, ratings.users + ratings.items))


def rmse(net: gluon.Block, ratings: movielens.Ratings, batch_size: int = 4096) -> float:
    """Root mean squared error on the test ratings."""
    users, items, values = ratings.test
    total = 0.0
    for start in range(0, len(values), batch_size):
        part = slice(start, start + batch_size)
        predicted = nd.clip(net(features(ratings, users[part], items[part])), 1, 5)
        total += float(nd.sum(nd.square(predicted.reshape(-1) - nd.array(values[part]))).asscalar())
    return (total / len(values)) ** 0.5


def train(ratings: movielens.Ratings, *, sparse: bool = True, optimizer: str = "adagrad", learning_rate: float = 0.05, penalty: float = 0.02,
          factors: int = 16, batch_size: int = 512, epochs: int = 12, seed: int = 7, quiet: bool = False):  # fmt: skip
    """Train and return (net, a list of {epoch, train, test, seconds}).

    penalty: weight of the squared vectors of each rating in the loss. AdaGrad with row-sparse gradients takes no weight decay (in the
    original neither), so the penalty is part of the loss.
    """
    mx.random.seed(seed)
    shuffle = np.random.default_rng(seed)
    users, items, values = ratings.train
    net = FactorizationMachine(ratings.users + ratings.items, factors, float(values.mean()), sparse)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": learning_rate, "wd": 0.0})
    history = []
    for epoch in range(epochs):
        started, squared = time.perf_counter(), 0.0
        order = shuffle.permutation(len(values))
        for start in tqdm(range(0, len(order), batch_size), desc=f"  epoch {epoch + 1}/{epochs}", disable=quiet, leave=False):
            index = order[start : start + batch_size]
            x, rating = features(ratings, users[index], items[index]), nd.array(values[index]).reshape(-1, 1)
            with autograd.record():
                error = nd.square(net(x) - rating)
                v, w = (net.v.row_sparse_data(x.indices), net.w.row_sparse_data(x.indices)) if sparse else (net.v.data(), net.w.data())
                size = nd.sparse.dot(x, nd.square(v)).sum() + nd.sparse.dot(x, nd.square(w)).sum()
                objective = 0.5 * error.sum() + penalty * size
            objective.backward()
            trainer.step(len(index))
            squared += float(error.sum().asscalar())
        seconds = time.perf_counter() - started
        history.append({"epoch": epoch + 1, "train": (squared / len(order)) ** 0.5, "test": rmse(net, ratings), "seconds": seconds})
    return net, history


def main() -> None:
    """Train on MovieLens 100K and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--movielens", help="path of ml-100k.zip, its folder or u.data")
    parser.add_argument("--dense", action="store_true", help="dense weights and gradients, for comparison")
    parser.add_argument("--optimizer", default="adagrad", choices=["adagrad", "adam", "sgd", "ftrl"])
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    _, history = train(movielens.load(args.movielens), sparse=not args.dense, optimizer=args.optimizer, epochs=args.epochs)
    for row in history:
        print(f"epoch {row['epoch']:2d}  train RMSE {row['train']:.4f}  test RMSE {row['test']:.4f}  {row['seconds']:.1f} s")


if __name__ == "__main__":
    main()
