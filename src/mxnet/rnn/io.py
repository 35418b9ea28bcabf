"""Sentences as data: numbers for words, and batches of sentences of like length."""

from __future__ import annotations

import bisect
import logging
import random
from typing import Any

import numpy as np

from .. import ndarray as nd
from ..io import DataBatch, DataDesc, DataIter


def encode_sentences(sentences: list[list], vocab: dict | None = None, invalid_label: int = -1, invalid_key: Any = "\n", start_label: int = 0,
                     unknown_token: Any = None) -> tuple[list[list[int]], dict]:  # fmt: skip
    """(sentences as numbers, vocabulary). Without a vocabulary one is made, its numbers from start_label on, invalid_label left out."""
    number, new = start_label, vocab is None
    if vocab is None:
        vocab = {invalid_key: invalid_label}
    out = []
    for sentence in sentences:
        coded = []
        for word in sentence:
            if word not in vocab:
                assert new or unknown_token, f"encode_sentences: {word!r} is not in the vocabulary. Pass unknown_token."
                if number == invalid_label:
                    number += 1
                if unknown_token:
                    word = unknown_token
                vocab.setdefault(word, number)
                number += 1
            coded.append(vocab[word])
        out.append(coded)
    return out, vocab


class BucketSentenceIter(DataIter):
    """Batches of sentences from buckets of lengths, padded with invalid_label; the label of each word is the next one (language models).

    Without buckets, every length that fills a batch is one. Sentences longer than the largest bucket are left out.
    """

    def __init__(self, sentences: list[list[int]], batch_size: int, buckets: list[int] | None = None, invalid_label: int = -1, data_name: str = "data",
                 label_name: str = "softmax_label", dtype: str = "float32", layout: str = "NT") -> None:  # fmt: skip
        super().__init__()
        if not buckets:
            buckets = [i for i, n in enumerate(np.bincount([len(s) for s in sentences])) if n >= batch_size]
        buckets = sorted(buckets)
        if not buckets or batch_size < 1:
            raise ValueError(f"BucketSentenceIter: no length has a batch of {batch_size} sentences (of {len(sentences)}). Use a smaller batch size "
                             "of at least 1, or pass buckets.")  # fmt: skip
        rows: list[list[np.ndarray]] = [[] for _ in buckets]
        dropped = 0
        for sentence in sentences:
            place = bisect.bisect_left(buckets, len(sentence))
            if place == len(buckets):
                dropped += 1
                continue
            row = np.full((buckets[place],), invalid_label, dtype=dtype)
            row[: len(sentence)] = sentence
            rows[place].append(row)
        if dropped:
            logging.warning("BucketSentenceIter: %d sentences are longer than the largest bucket and were left out.", dropped)
        self.data = [np.asarray(r, dtype=dtype) for r in rows]
        self.batch_size, self.buckets, self.invalid_label, self.dtype, self.layout = batch_size, buckets, invalid_label, dtype, layout
        self.data_name, self.label_name, self.major_axis = data_name, label_name, layout.find("N")
        self.default_bucket_key = max(buckets)
        if self.major_axis not in (0, 1) or "T" not in layout:
            raise ValueError(f"BucketSentenceIter: layout {layout!r} is unknown. Use NT or TN.")
        longest = self._shape(self.default_bucket_key)
        self.provide_data = [DataDesc(data_name, longest, layout=layout)]
        self.provide_label = [DataDesc(label_name, longest, layout=layout)]
        self.idx = [(i, j) for i, part in enumerate(self.data) for j in range(0, len(part) - batch_size + 1, batch_size)]
        self.curr_idx = 0
        self.reset()

    def _shape(self, length: int) -> tuple[int, int]:
        return (self.batch_size, length) if self.major_axis == 0 else (length, self.batch_size)

    def reset(self) -> None:
        """Shuffle and start over."""
        self.curr_idx = 0
        random.shuffle(self.idx)
        for part in self.data:
            np.random.shuffle(part)
        self.nddata, self.ndlabel = [], []
        for part in self.data:
            label = np.empty_like(part)
            if part.size:
                label[:, :-1] = part[:, 1:]
                label[:, -1] = self.invalid_label
            self.nddata.append(nd.array(part, dtype=self.dtype) if part.size else None)
            self.ndlabel.append(nd.array(label, dtype=self.dtype) if part.size else None)

    def next(self) -> DataBatch:
        """The next batch; its bucket_key is the length of its sentences."""
        if self.curr_idx == len(self.idx):
            raise StopIteration
        i, j = self.idx[self.curr_idx]
        self.curr_idx += 1
        part = slice(j, j + self.batch_size)
        data, label = self.nddata[i][part], self.ndlabel[i][part]
        if self.major_axis == 1:
            data, label = data.T, label.T
        return DataBatch([data], [label], pad=0, bucket_key=self.buckets[i], provide_data=[DataDesc(self.data_name, data.shape, layout=self.layout)],
                         provide_label=[DataDesc(self.label_name, label.shape, layout=self.layout)])  # fmt: skip
