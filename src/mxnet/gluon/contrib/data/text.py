"""Texts for language models: WikiText from its files."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from typing import Any

import numpy as np

from .... import ndarray
from ...._vocabulary import Vocabulary, count_tokens_from_str
from ....base import data_dir
from ..._errors import GluonError
from ...data._batchify import as_chosen
from ...data.dataset import _DownloadedDataset
from ...utils import _get_repo_file_url, download

__all__ = ["WikiText2", "WikiText103"]

EOS_TOKEN = "<eos>"
SEGMENTS = {"train": "wiki.train.tokens", "validation": "wiki.valid.tokens", "test": "wiki.test.tokens"}


class _WikiText(_DownloadedDataset):
    """All words of a segment as numbers, cut into rows of seq_len; the label of a row is the row moved by one word."""

    _name = ""

    def __init__(self, root: str, segment: str, vocab: Vocabulary | None, seq_len: int) -> None:
        if segment not in SEGMENTS:
            raise GluonError(f"{type(self).__name__}: segment is {segment!r}. Use one of {', '.join(SEGMENTS)}.")
        self._segment, self._seq_len, self._vocab = segment, seq_len, vocab
        self._counter: Counter | None = None
        super().__init__(root, None)

    @property
    def vocabulary(self) -> Vocabulary:
        """Numbers of the words; made from the segment if none was given."""
        return self._vocab  # type: ignore[return-value]

    @property
    def frequencies(self) -> Counter:
        """How often each word comes in the segment."""
        return self._counter  # type: ignore[return-value]

    def _get_data(self) -> None:
        with open(self._find(SEGMENTS[self._segment]), encoding="utf8") as f:
            text = f.read()
        self._counter = count_tokens_from_str(text)
        if self._vocab is None:
            self._vocab = Vocabulary(self._counter, reserved_tokens=[EOS_TOKEN])
        lines = (line.split() for line in text.splitlines())
        words = [word for line in lines if line for word in (*line, EOS_TOKEN)]
        numbers = np.array(self._vocab.to_indices(words), np.int32)
        rows = max(0, len(numbers) - 1) // self._seq_len
        self._data = self._rows(numbers[: rows * self._seq_len])
        self._label = self._rows(numbers[1 : rows * self._seq_len + 1])

    def _rows(self, numbers: np.ndarray) -> Any:
        return as_chosen(ndarray.array(numbers.reshape(-1, self._seq_len), dtype=np.int32))

    def _find(self, name: str) -> str:
        """The segment's file: in root, from the archive in root, or from the archive that is fetched."""
        path = os.path.join(self._root, name)
        if not os.path.exists(path):
            address = _get_repo_file_url(f"gluon/dataset/{self._name}", f"{self._name}-v1.zip")
            with zipfile.ZipFile(download(address, path=os.path.join(self._root, f"{self._name}-v1.zip"))) as archive:
                for member in archive.namelist():
                    if os.path.basename(member):
                        with archive.open(member) as source, open(os.path.join(self._root, os.path.basename(member)), "wb") as target:
                            target.write(source.read())
        return path

    def __getitem__(self, idx: Any) -> tuple[Any, Any]:
        return self._data[idx], self._label[idx]

    def __len__(self) -> int:
        return len(self._label)


class WikiText2(_WikiText):
    """WikiText-2: samples (words (seq_len,), the words one place further), int32; each line of the text ends with `<eos>`.

    root      holds wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens, or the archive wikitext-2-v1.zip; a missing archive is fetched
    segment   "train", "validation" or "test"
    vocab     numbers of the words; default: made from the segment

    Source: Merity et al. 2016, arXiv:1609.07843.
    """

    _name = "wikitext-2"

    def __init__(self, root: str = os.path.join(data_dir(), "datasets", "wikitext-2"), segment: str = "train", vocab: Vocabulary | None = None,
                 seq_len: int = 35) -> None:  # fmt: skip
        super().__init__(root, segment, vocab, seq_len)


class WikiText103(_WikiText):
    """WikiText-103: as `WikiText2`, fifty times as long; the archive is wikitext-103-v1.zip."""

    _name = "wikitext-103"

    def __init__(self, root: str = os.path.join(data_dir(), "datasets", "wikitext-103"), segment: str = "train", vocab: Vocabulary | None = None,
                 seq_len: int = 35) -> None:  # fmt: skip
        super().__init__(root, segment, vocab, seq_len)
