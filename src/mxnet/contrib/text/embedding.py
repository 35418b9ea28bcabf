"""Embeddings of tokens: vectors read from text files, one token a line."""

from __future__ import annotations

import os
import warnings
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ... import ndarray as nd
from ... import registry
from ...base import data_dir
from ...error import hint
from ...ndarray import NDArray
from .vocab import UNKNOWN, TextError, Vocabulary

__all__ = ["CompositeEmbedding", "CustomEmbedding", "FastText", "GloVe", "create", "get_pretrained_file_names", "register"]

ROOT = os.path.join(data_dir(), "embeddings")


class _TokenEmbedding(Vocabulary):
    """A vocabulary with a vector for every token; derive from it and register the class to name it in `create`."""

    #: names of the files that the source publishes, where they are known
    pretrained_file_names: tuple[str, ...] = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._vec_len = 0
        self._idx_to_vec: NDArray | None = None

    @property
    def vec_len(self) -> int:
        """How long the vectors are."""
        return self._vec_len

    @property
    def idx_to_vec(self) -> NDArray | None:
        """All vectors: row i belongs to token i."""
        return self._idx_to_vec

    def get_vecs_by_tokens(self, tokens: str | Sequence[str], lower_case_backup: bool = False) -> NDArray:
        """The vector of a token, or a row for each token of a list; lower_case_backup: try lower case before calling a token unknown."""
        many = not isinstance(tokens, str)
        names = list(tokens) if many else [tokens]
        rows = [self._token_to_idx.get(t, self._token_to_idx.get(t.lower(), UNKNOWN) if lower_case_backup else UNKNOWN) for t in names]
        vectors = nd.take(self._known_vectors(), nd.array(rows, dtype="int64"))
        return vectors if many else vectors[0]

    def update_token_vectors(self, tokens: str | Sequence[str], new_vectors: NDArray) -> None:
        """Write new vectors for tokens that are known; ValueError for others."""
        names = [tokens] if isinstance(tokens, str) else list(tokens)
        if not isinstance(new_vectors, NDArray) or new_vectors.ndim not in (1, 2) or new_vectors.ndim == 1 and len(names) != 1:
            raise TextError("update_token_vectors: new_vectors must be an NDArray with a row for each token (for one token 1-D is possible). "
                            "Convert it with mx.nd.array.")  # fmt: skip
        values = new_vectors.reshape((1, -1)) if new_vectors.ndim == 1 else new_vectors
        if values.shape != (len(names), self.vec_len):
            raise TextError(
                f"update_token_vectors: new_vectors has shape {new_vectors.shape}, {len(names)} tokens need {(len(names), self.vec_len)}. Reshape it."
            )
        for t in names:
            if t not in self._token_to_idx:
                raise ValueError(f"update_token_vectors: token {t!r} is unknown.{hint(t, self._token_to_idx)} Name the unknown token "
                                 f"{self.unknown_token!r} to change the vector of all unknown ones.")  # fmt: skip
        self._known_vectors()[nd.array([self._token_to_idx[t] for t in names], dtype="int64")] = values

    def _known_vectors(self) -> NDArray:
        if self._idx_to_vec is None:
            raise TextError(f"{type(self).__name__}: no vectors are loaded. Read them with _load_embedding.")
        return self._idx_to_vec

    # ---- reading

    def _load_embedding(self, pretrained_file_path: str, elem_delim: str, init_unknown_vec: Callable, encoding: str = "utf8") -> None:
        """Read a file: token, then its vector, in each line. A second line of a token and header lines are left out with a warning."""
        path = os.path.expanduser(pretrained_file_path)
        if not os.path.isfile(path):
            raise ValueError(f"{type(self).__name__}: there is no file {path}. Put the file there, or check the path.")
        numbers, width = array("f"), 0
        unknown: array | None = None
        for number, token, vector in _lines(path, elem_delim, encoding):
            if token == self.unknown_token and unknown is None and vector is not None:
                unknown = vector
            elif token in self._token_to_idx:
                warnings.warn(f"{path}: line {number}: token {token!r} comes a second time and is left out.", stacklevel=4)
                continue
            elif len(vector) == 1:
                warnings.warn(f"{path}: line {number}: {token!r} has one number only and is left out as a header.", stacklevel=4)
                continue
            else:
                self._idx_to_token.append(token)
                self._token_to_idx[token] = len(self._idx_to_token) - 1
                numbers.extend(vector)
            if width and len(vector) != width:
                raise TextError(
                    f"{path}: line {number}: token {token!r} has {len(vector)} numbers, those before have {width}. All must have as many."
                )
            width = len(vector)
        if not width:
            raise ValueError(f"{path}: no vectors found with elem_delim {elem_delim!r}. Check the file and the delimiter.")
        self._vec_len = width
        special = len(self._idx_to_token) - len(numbers) // width  # unknown and reserved tokens have no line
        table = np.zeros((len(self._idx_to_token), width), np.float32)
        table[special:] = np.frombuffer(numbers, np.float32).reshape(-1, width)
        table[UNKNOWN] = init_unknown_vec(shape=width).asnumpy() if unknown is None else unknown
        self._idx_to_vec = nd.array(table)

    def _restrict(self, vocabulary: Vocabulary | None) -> None:
        """Keep the vectors of a vocabulary's tokens only, in its order."""
        if vocabulary is not None:
            _check_vocabulary(vocabulary)
            table = self.get_vecs_by_tokens(vocabulary.idx_to_token)
            table[0] = self._known_vectors()[0]
            self._index_like(vocabulary)
            self._idx_to_vec = table

    def _index_like(self, vocabulary: Vocabulary) -> None:
        self._token_to_idx = dict(vocabulary.token_to_idx)
        self._idx_to_token = list(vocabulary.idx_to_token)
        self._unknown_token = vocabulary.unknown_token
        self._reserved_tokens = None if vocabulary.reserved_tokens is None else list(vocabulary.reserved_tokens)


def _lines(path: str, delimiter: str, encoding: str) -> Iterator[tuple[int, str, array]]:
    """(line number, token, vector) of every line."""
    with open(path, encoding=encoding) as f:
        for number, line in enumerate(f, 1):
            token, *words = line.rstrip().split(delimiter)
            if not words:
                raise TextError(f"{path}: line {number}: no token with numbers behind it at {delimiter!r}. Check elem_delim and the file.")
            try:
                yield number, token, array("f", map(float, words))
            except ValueError:
                raise ValueError(
                    f"{path}: line {number}: the numbers of token {token[:40]!r} cannot be read. Check elem_delim and the file."
                ) from None


def _check_vocabulary(vocabulary: Any) -> None:
    if not isinstance(vocabulary, Vocabulary):
        raise TextError(
            f"embedding: vocabulary must be a Vocabulary, got {type(vocabulary).__name__}. Make one with mx.contrib.text.vocab.Vocabulary."
        )


# ---- embeddings by name

_register = registry.get_register_func(_TokenEmbedding, "token embedding")
_create = registry.get_create_func(_TokenEmbedding, "token embedding")


def register(embedding_cls: type) -> type:
    """Class decorator: makes the embedding known to `create` under its lower-case name."""
    return _register(embedding_cls)


def create(embedding_name: str, **kwargs: Any) -> _TokenEmbedding:
    """The embedding of a registered class: `create("glove", pretrained_file_name="glove.6B.50d.txt")`."""
    return _create(embedding_name, **kwargs)


def get_pretrained_file_names(embedding_name: str | None = None) -> Any:
    """Names of the files that GloVe and fastText publish: of one source, or of all by source."""
    known = {n: list(c.pretrained_file_names) for n, c in registry.get_registry(_TokenEmbedding).items() if c.pretrained_file_names}  # type: ignore[attr-defined]
    if embedding_name is None:
        return known
    if embedding_name not in known:
        raise KeyError(
            f"get_pretrained_file_names: no embedding {embedding_name!r}.{hint(embedding_name, known)} There are {', '.join(known)}."
        )
    return known[embedding_name]


class _Published(_TokenEmbedding):
    """An embedding whose files somebody publishes; they are read from a folder, never downloaded."""

    def _read(self, name: str, root: str, init: Callable, vocabulary: Vocabulary | None) -> None:
        source = type(self).__name__.lower()
        if not self._is_published(name):
            listed = ", ".join(self.pretrained_file_names)
            raise KeyError(
                f"{type(self).__name__}: no file {name!r} is published.{hint(name, self.pretrained_file_names)} There are {listed}."
            )
        path = os.path.join(os.path.expanduser(root), source, name)
        if not os.path.isfile(path):
            raise ValueError(f"{type(self).__name__}: there is no file {path}. Download {name} from its publisher and put it there.")
        self._load_embedding(path, " ", init)
        self._restrict(vocabulary)

    def _is_published(self, name: str) -> bool:
        return name in self.pretrained_file_names


@register
class GloVe(_Published):
    """GloVe vectors from `embedding_root/glove/pretrained_file_name` (J. Pennington et al., "GloVe", 2014; nlp.stanford.edu/projects/glove)."""

    pretrained_file_names = (
        "glove.42B.300d.txt", "glove.6B.50d.txt", "glove.6B.100d.txt", "glove.6B.200d.txt", "glove.6B.300d.txt", "glove.840B.300d.txt",
        "glove.twitter.27B.25d.txt", "glove.twitter.27B.50d.txt", "glove.twitter.27B.100d.txt", "glove.twitter.27B.200d.txt",
    )  # fmt: skip

    def __init__(self, pretrained_file_name: str = "glove.840B.300d.txt", embedding_root: str = ROOT, init_unknown_vec: Callable = nd.zeros,
                 vocabulary: Vocabulary | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._read(pretrained_file_name, embedding_root, init_unknown_vec, vocabulary)


@register
class FastText(_Published):
    """fastText vectors from `embedding_root/fasttext/pretrained_file_name` (P. Bojanowski et al., 2017; fasttext.cc).

    Every file `wiki.LANGUAGE.vec` may be named; get_pretrained_file_names lists a few.
    """

    pretrained_file_names = ("crawl-300d-2M.vec", "wiki.simple.vec", "wiki.en.vec", "wiki.de.vec", "wiki.es.vec", "wiki.fr.vec", "wiki.it.vec",
                             "wiki.ja.vec", "wiki.pt.vec", "wiki.ru.vec", "wiki.zh.vec")  # fmt: skip

    def __init__(self, pretrained_file_name: str = "wiki.simple.vec", embedding_root: str = ROOT, init_unknown_vec: Callable = nd.zeros,
                 vocabulary: Vocabulary | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._read(pretrained_file_name, embedding_root, init_unknown_vec, vocabulary)

    def _is_published(self, name: str) -> bool:
        return super()._is_published(name) or name.startswith("wiki.") and name.endswith(".vec") and os.path.basename(name) == name


class CustomEmbedding(_TokenEmbedding):
    """Vectors from a file of one's own: in each line a token and its numbers, separated by elem_delim.

    init_unknown_vec  makes the vector of unknown tokens from `shape=`, where the file has none for the unknown token
    vocabulary        keep only its tokens, in its order
    kwargs            of Vocabulary: unknown_token, reserved_tokens ...

    Example
    -------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
    ...     _ = f.write("hello 1 2\\nworld 3 4\\n")
    ...     f.flush()
    ...     embedding = mx.contrib.text.embedding.CustomEmbedding(f.name)
    >>> embedding.get_vecs_by_tokens(["world", "moon"]).asnumpy().tolist()
    [[3.0, 4.0], [0.0, 0.0]]
    """

    def __init__(self, pretrained_file_path: str, elem_delim: str = " ", encoding: str = "utf8", init_unknown_vec: Callable = nd.zeros,
                 vocabulary: Vocabulary | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._load_embedding(pretrained_file_path, elem_delim, init_unknown_vec, encoding)
        self._restrict(vocabulary)


class CompositeEmbedding(_TokenEmbedding):
    """Several embeddings side by side: the vector of a token of the vocabulary is its vectors in all of them, one behind the other."""

    def __init__(self, vocabulary: Vocabulary, token_embeddings: _TokenEmbedding | Sequence[_TokenEmbedding]) -> None:
        _check_vocabulary(vocabulary)
        parts = list(token_embeddings) if isinstance(token_embeddings, (list, tuple)) else [token_embeddings]
        for part in parts:
            if not isinstance(part, _TokenEmbedding):
                raise TextError(f"CompositeEmbedding: token_embeddings must be embeddings, got {type(part).__name__}. Pass a list of them.")
        super().__init__()
        self._index_like(vocabulary)
        tables = []
        for part in parts:
            table = part.get_vecs_by_tokens(vocabulary.idx_to_token)
            table[0] = part._known_vectors()[0]
            tables.append(table)
        self._idx_to_vec = nd.concat(*tables, dim=1) if len(tables) > 1 else tables[0]
        self._vec_len = self._idx_to_vec.shape[1]
