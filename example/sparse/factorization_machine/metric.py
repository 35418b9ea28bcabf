"""Metrics of a probability of label 1: the logarithmic loss and the accuracy."""

from __future__ import annotations

import numpy as np

import mxnet as mx


def log_loss(label: np.ndarray, probability: np.ndarray) -> float:
    """Mean of -log p(label)."""
    p = np.clip(probability.reshape(-1).astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(label.reshape(-1) > 0.5, np.log(p), np.log(1 - p))))


def accuracy(label: np.ndarray, probability: np.ndarray) -> float:
    """Share of rows on the right side of one half."""
    return float(np.mean((probability.reshape(-1) > 0.5) == (label.reshape(-1) > 0.5)))


def create() -> mx.metric.CompositeEvalMetric:
    """Both metrics."""
    return mx.metric.CompositeEvalMetric(metrics=[mx.metric.np(log_loss), mx.metric.np(accuracy)])
