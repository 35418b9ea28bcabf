"""The recommender examples learn on a small made data set, sparse and dense alike; their data reader refuses what is no rating."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "example" / "recommenders"


@pytest.fixture(scope="module", autouse=True)
def on_path():
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def made():
    movielens = importlib.import_module("movielens")
    random = np.random.default_rng(0)
    users, items = random.integers(0, 60, 4000), random.integers(0, 40, 4000)
    bias_user, bias_item = random.normal(size=60) * 0.7, random.normal(size=40) * 0.7
    ratings = np.clip(3 + bias_user[users] + bias_item[items], 1, 5).astype(np.float32)
    return movielens.Ratings(60, 40, (users[:3600], items[:3600], ratings[:3600]), (users[3600:], items[3600:], ratings[3600:]), "made")


@pytest.mark.parametrize("name", ["matrix_factorization", "factorization_machine"])
def test_sparse_and_dense_training_learn(name):
    model = importlib.import_module(name)
    for sparse in (True, False):
        _, history = model.train(made(), sparse=sparse, batch_size=64, epochs=6, factors=4, quiet=True, learning_rate=0.05)
        assert history[-1]["test"] < 0.65 * np.std(made().test[2]) and history[-1]["test"] < history[0]["test"]


def test_reader_names_the_bad_line():
    movielens = importlib.import_module("movielens")
    assert movielens.parse("1\t2\t3\t4\n", "f").tolist() == [[1, 2, 3, 4]]
    with pytest.raises(ValueError, match="f: line 2 is not a rating"):
        movielens.parse("1\t2\t3\t4\n1\tx\t3\t4\n", "f")
    with pytest.raises(ValueError, match="f: line 1 is out of range"):
        movielens.parse("0\t2\t3\t4\n", "f")
    with pytest.raises(ValueError, match="no ratings"):
        movielens.parse("\n", "f")
