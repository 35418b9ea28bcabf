"""Data sets, samplers, and the loader that makes batches of them."""

from __future__ import annotations

from . import vision
from .dataloader import DataLoader, DataLoaderV1
from .dataset import ArrayDataset, Dataset, RecordFileDataset, SimpleDataset
from .sampler import BatchSampler, FilterSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["Dataset", "SimpleDataset", "ArrayDataset", "RecordFileDataset", "Sampler", "SequentialSampler", "RandomSampler", "FilterSampler",
           "BatchSampler", "DataLoader", "DataLoaderV1", "vision"]  # fmt: skip
