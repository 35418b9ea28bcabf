"""Counting tokens, vocabularies, embeddings from files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet.contrib import text
from mxnet.contrib.text.embedding import CompositeEmbedding, CustomEmbedding
from mxnet.contrib.text.vocab import Vocabulary

COUNTS = Counter(["a", "b", "b", "c", "c", "c", "d"])


def test_count_tokens() -> None:
    count = text.utils.count_tokens_from_str
    assert count(" Life is great ! \n life is good . \n") == Counter({"is": 2, "Life": 1, "life": 1, "great": 1, "!": 1, "good": 1, ".": 1})
    assert count("A-b\na", "-", to_lower=True) == Counter({"a": 2, "b": 1})
    mine = Counter({"b": 2})
    assert count("a b", counter_to_update=mine) is mine and mine == Counter({"b": 3, "a": 1})


@pytest.mark.parametrize(("settings", "tokens"), [
    ({}, ["<unk>", "c", "b", "a", "d"]),
    ({"most_freq_count": 2}, ["<unk>", "c", "b"]),
    ({"min_freq": 2}, ["<unk>", "c", "b"]),
    ({"min_freq": 100}, ["<unk>"]),
    ({"most_freq_count": 0}, ["<unk>"]),
    ({"unknown_token": "<u>", "reserved_tokens": ["<pad>"]}, ["<u>", "<pad>", "c", "b", "a", "d"]),
    ({"reserved_tokens": ["b"], "most_freq_count": 1}, ["<unk>", "b", "c"]),
    ({"unknown_token": "b"}, ["b", "c", "a", "d"]),
])  # fmt: skip
def test_vocabulary_order(settings: dict, tokens: list[str]) -> None:
    v = Vocabulary(COUNTS, **settings)
    assert v.idx_to_token == tokens and len(v) == len(tokens)
    assert v.token_to_idx == {t: i for i, t in enumerate(tokens)}
    assert v.unknown_token == tokens[0] and v.reserved_tokens == settings.get("reserved_tokens")


def test_vocabulary_both_ways() -> None:
    v = Vocabulary(COUNTS)
    assert v.to_indices("c") == 1 and v.to_indices(["c", "zzz"]) == [1, 0] and v.to_indices([]) == []
    assert v.to_tokens(1) == "c" and v.to_tokens([1, 0]) == ["c", "<unk>"] and v.to_tokens([np.int64(2)]) == ["b"]
    for bad in (100, -1, 1.5, [1, 9]):
        with pytest.raises(ValueError, match="Vocabulary"):
            v.to_tokens(bad)
    with pytest.raises(TypeError, match="index"):
        v.to_tokens("c")


@pytest.mark.parametrize("settings", [{"min_freq": 0}, {"reserved_tokens": ["x", "x"]}, {"reserved_tokens": ["<unk>"]}, {"counter": ["a"]}])
def test_wrong_vocabularies(settings: dict) -> None:
    with pytest.raises(AssertionError, match="Vocabulary"):
        Vocabulary(**settings)


def write(folder: Path, content: str) -> str:
    path = folder / "vectors.txt"
    path.write_text(content, encoding="utf8")
    return str(path)


def test_embedding_from_a_file(tmp_path: Path) -> None:
    e = CustomEmbedding(write(tmp_path, "a 1 2\nB 3 4\nä 5 6 \n"), init_unknown_vec=mx.nd.ones)
    assert len(e) == 4 and e.vec_len == 2 and e.idx_to_token == ["<unk>", "a", "B", "ä"]
    assert e.idx_to_vec.asnumpy().tolist() == [[1, 1], [1, 2], [3, 4], [5, 6]]
    assert e.get_vecs_by_tokens("a").asnumpy().tolist() == [1, 2]
    assert e.get_vecs_by_tokens(["A", "B", "q"]).asnumpy().tolist() == [[1, 1], [3, 4], [1, 1]]
    assert e.get_vecs_by_tokens(["A"], lower_case_backup=True).asnumpy().tolist() == [[1, 2]]
    assert CustomEmbedding(write(tmp_path, "a\t1\nb\t2 \n".replace("\t", "\t0\t")), elem_delim="\t").vec_len == 2


def test_embedding_of_the_unknown_token_and_reserved_ones(tmp_path: Path) -> None:
    e = CustomEmbedding(write(tmp_path, "a 1 2\n<unk> 7 8\nb 3 4\n"), init_unknown_vec=mx.nd.ones, reserved_tokens=["<pad>"])
    assert e.idx_to_token == ["<unk>", "<pad>", "a", "b"]
    assert e.idx_to_vec.asnumpy().tolist() == [[7, 8], [0, 0], [1, 2], [3, 4]]


def test_embedding_warns_of_headers_and_repeats(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="header"):
        e = CustomEmbedding(write(tmp_path, "2 2\na 1 2\n"))
    assert e.idx_to_token == ["<unk>", "a"]
    with pytest.warns(UserWarning, match="second time"):
        e = CustomEmbedding(write(tmp_path, "a 1 2\na 3 4\n"))
    assert e.idx_to_vec.asnumpy().tolist() == [[0, 0], [1, 2]]


@pytest.mark.parametrize(("content", "error", "words"), [
    ("a 1 2\nb 3 4 5\n", AssertionError, "line 2"), ("a x 2\n", ValueError, "line 1"), ("", ValueError, "no vectors"),
    ("a 1 2\n\nb 1 2\n", AssertionError, "line 2"),
])  # fmt: skip
def test_damaged_files(tmp_path: Path, content: str, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        CustomEmbedding(write(tmp_path, content))


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file"):
        CustomEmbedding(str(tmp_path / "nosuch"))
    with pytest.raises(ValueError, match="Download"):
        text.embedding.GloVe("glove.6B.50d.txt", str(tmp_path))
    with pytest.raises(KeyError, match="published"):
        text.embedding.create("glove", pretrained_file_name="glove.7B.txt")


def test_vocabulary_chooses_rows(tmp_path: Path) -> None:
    e = CustomEmbedding(write(tmp_path, "a 1 2\nz 3 4\nb 5 6\n"), vocabulary=Vocabulary(COUNTS, reserved_tokens=["<s>"]))
    assert e.idx_to_token == ["<unk>", "<s>", "c", "b", "a", "d"] and e.reserved_tokens == ["<s>"]
    assert e.idx_to_vec.asnumpy().tolist() == [[0, 0], [0, 0], [0, 0], [5, 6], [1, 2], [0, 0]]
    two = CompositeEmbedding(Vocabulary(COUNTS), [e, e])
    assert two.vec_len == 4 and two.get_vecs_by_tokens("b").asnumpy().tolist() == [5, 6, 5, 6]
    assert CompositeEmbedding(Vocabulary(COUNTS), e).vec_len == 2
    for wrong in (lambda: CompositeEmbedding(3, e), lambda: CompositeEmbedding(Vocabulary(), 3)):
        with pytest.raises(AssertionError):
            wrong()


def test_update_vectors(tmp_path: Path) -> None:
    e = CustomEmbedding(write(tmp_path, "a 1 2\nb 3 4\n"))
    e.update_token_vectors(["b", "<unk>"], mx.nd.array([[5, 6], [7, 8]]))
    e.update_token_vectors("a", mx.nd.array([9, 9]))
    assert e.idx_to_vec.asnumpy().tolist() == [[7, 8], [9, 9], [5, 6]]
    with pytest.raises(ValueError, match="unknown"):
        e.update_token_vectors("q", mx.nd.array([1, 2]))
    for tokens, vectors in (
        (["a", "b"], mx.nd.array([[1, 2]])),
        ("a", [1, 2]),
        ("a", mx.nd.array([1, 2, 3])),
        (["a", "b"], mx.nd.array([1, 2])),
    ):
        with pytest.raises(AssertionError, match="new_vectors"):
            e.update_token_vectors(tokens, vectors)


def test_embeddings_by_name(tmp_path: Path) -> None:
    names = text.embedding.get_pretrained_file_names()
    assert "glove.6B.50d.txt" in names["glove"] and "wiki.simple.vec" in text.embedding.get_pretrained_file_names("fasttext")
    with pytest.raises(KeyError, match="nosuch"):
        text.embedding.get_pretrained_file_names("nosuch")
    for source, name in (("glove", "glove.6B.50d.txt"), ("fasttext", "wiki.eo.vec")):
        (tmp_path / source).mkdir()
        (tmp_path / source / name).write_text("a 1 2\n")
        e = text.embedding.create(source, pretrained_file_name=name, embedding_root=str(tmp_path))
        assert e.get_vecs_by_tokens("a").asnumpy().tolist() == [1, 2]

    @text.embedding.register
    class Zeros(text.embedding._TokenEmbedding):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._idx_to_vec, self._vec_len = mx.nd.zeros((len(self), 2)), 2

    assert text.embedding.create("zeros", counter=COUNTS).get_vecs_by_tokens("c").shape == (2,)
