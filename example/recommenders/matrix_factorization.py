"""Matrix factorization on MovieLens: a rating is the mean + a user's and an item's bias + the product of their vectors.

    python example/recommenders/matrix_factorization.py [--dense] [--optimizer adam] [--epochs 12]

`Embedding(sparse_grad=True)` makes the gradient of a table row-sparse: it holds the rows of the batch and nothing else, and a lazy
optimizer updates just these rows and their states. `--dense` trains the same model with dense gradients.
Y. Koren, R. Bell, C. Volinsky, "Matrix Factorization Techniques for Recommender Systems", IEEE Computer 42(8), 2009.
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
from mxnet.gluon import nn


class MatrixFactorization(gluon.HybridBlock):
    """mean + user_bias + item_bias + <user_vector, item_vector>."""

    def __init__(self, users: int, items: int, factors: int, mean: float, sparse_grad: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.mean = mean
        with self.name_scope():
            small = mx.init.Normal(0.05)
            self.user = nn.Embedding(users, factors, sparse_grad=sparse_grad, weight_initializer=small)
            self.item = nn.Embedding(items, factors, sparse_grad=sparse_grad, weight_initializer=small)
            self.user_bias = nn.Embedding(users, 1, sparse_grad=sparse_grad, weight_initializer="zeros")
            self.item_bias = nn.Embedding(items, 1, sparse_grad=sparse_grad, weight_initializer="zeros")
            self.dropout = nn.Dropout(0.5)

    def hybrid_forward(self, F, user, item):
        match = F.sum(self.dropout(self.user(user) * self.item(item)), axis=-1)
        bias = F.sum(self.user_bias(user) + self.item_bias(item), axis=-1)
        return match + bias + self.mean


def rmse(net: gluon.Block, data: tuple, batch_size: int = 4096) -> float:
    """Root mean squared error on (users, items, ratings)."""
    total = 0.0
    for start in range(0, len(data[0]), batch_size):
        user, item, rating = (nd.array(part[start : start + batch_size]) for part in data)
        predicted = nd.clip(net(user, item), 1, 5)
        total += float(nd.sum(nd.square(predicted - rating)).asscalar())
    return (total / len(data[0])) ** 0.5


def train(ratings: movielens.Ratings, *, sparse: bool = True, optimizer: str = "adam", learning_rate: float = 0.004, weight_decay: float = 3e-4,
          factors: int = 32, batch_size: int = 512, epochs: int = 12, seed: int = 7, quiet: bool = False):  # fmt: skip
    """Train and return (net, a list of {epoch, train, test, seconds})."""
    mx.random.seed(seed)
    shuffle = np.random.default_rng(seed)
    users, items, values = ratings.train
    net = MatrixFactorization(ratings.users, ratings.items, factors, float(values.mean()), sparse_grad=sparse)
    net.initialize()
    net.hybridize()
    loss = gluon.loss.L2Loss()
    trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": learning_rate, "wd": weight_decay})
    history = []
    for epoch in range(epochs):
        started, squared = time.perf_counter(), 0.0
        order = shuffle.permutation(len(values))
        steps = range(0, len(order), batch_size)
        for start in tqdm(steps, desc=f"  epoch {epoch + 1}/{epochs}", disable=quiet, leave=False):
            index = order[start : start + batch_size]
            user, item, rating = nd.array(users[index]), nd.array(items[index]), nd.array(values[index])
            with autograd.record():
                error = loss(net(user, item), rating)
            error.backward()
            trainer.step(len(index))
            squared += 2 * float(error.sum().asscalar())
        seconds = time.perf_counter() - started
        history.append({"epoch": epoch + 1, "train": (squared / len(order)) ** 0.5, "test": rmse(net, ratings.test), "seconds": seconds})
    return net, history


def main() -> None:
    """Train on MovieLens 100K and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--movielens", help="path of ml-100k.zip, its folder or u.data")
    parser.add_argument("--dense", action="store_true", help="dense gradients, for comparison")
    parser.add_argument("--optimizer", default="adam", choices=["adam", "adagrad", "sgd", "ftrl"])
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    _, history = train(movielens.load(args.movielens), sparse=not args.dense, optimizer=args.optimizer, epochs=args.epochs)
    for row in history:
        print(f"epoch {row['epoch']:2d}  train RMSE {row['train']:.4f}  test RMSE {row['test']:.4f}  {row['seconds']:.1f} s")


if __name__ == "__main__":
    main()
