"""Learning-rate schedules: curves, warm-up, errors."""

from __future__ import annotations

import math

import pytest

import mxnet as mx
from mxnet.lr_scheduler import CosineScheduler, FactorScheduler, LRScheduler, MultiFactorScheduler, PolyScheduler


def curve(schedule, points=range(12)):
    return [schedule(i) for i in points]


def test_factor():
    assert curve(FactorScheduler(3, 0.5, base_lr=0.8), range(8)) == [0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]
    assert FactorScheduler(2, 0.1, stop_factor_lr=0.003, base_lr=0.4)(10**9) == 0.003  # and does not take 10**9 / 2 rounds


def test_multi_factor():
    assert curve(MultiFactorScheduler([2, 5], 0.5, base_lr=0.8), range(8)) == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]


def test_poly_and_cosine():
    poly = PolyScheduler(10, base_lr=1.0, pwr=2, final_lr=0.1)
    assert poly(5) == pytest.approx(0.1 + 0.9 * 0.25) and poly(10) == pytest.approx(0.1) and poly(99) == pytest.approx(0.1)
    cosine = CosineScheduler(10, base_lr=1.0, final_lr=0.2)
    assert cosine(5) == pytest.approx(0.6) and cosine(10) == pytest.approx(0.2)
    assert CosineScheduler(10, base_lr=1.0)(2) == pytest.approx((1 + math.cos(math.pi * 0.2)) / 2)


@pytest.mark.parametrize("mode, want", [("linear", [0.1, 0.3, 0.5, 0.7]), ("constant", [0.1] * 4)])
def test_warm_up(mode, want):
    kwargs = {"base_lr": 0.9, "warmup_steps": 4, "warmup_begin_lr": 0.1, "warmup_mode": mode}
    for schedule in (FactorScheduler(100, 0.5, **kwargs), MultiFactorScheduler([100], 0.5, **kwargs), PolyScheduler(100, **kwargs)):
        assert curve(schedule, range(4)) == pytest.approx(want)
        assert schedule(4) == pytest.approx(0.9)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: FactorScheduler(0), ValueError, "step 0 must be at least 1"),
        (lambda: FactorScheduler(3, 1.5), ValueError, "factor 1.5 would raise the rate"),
        (lambda: MultiFactorScheduler([5, 3]), ValueError, "not rising"),
        (lambda: MultiFactorScheduler([0, 3]), ValueError, "below 1"),
        (lambda: MultiFactorScheduler(3), AssertionError, "must be a list"),
        (lambda: PolyScheduler(0), ValueError, "max_update 0 must be at least 1"),
        (lambda: PolyScheduler(3.5), AssertionError, "must be an int, got 3.5"),
        (lambda: CosineScheduler(-1), ValueError, "at least 1"),
        (lambda: FactorScheduler(3, warmup_begin_lr=0.5, base_lr=0.1), ValueError, "above base_lr"),
        (lambda: FactorScheduler(3, warmup_steps=-1), ValueError, "negative"),
        (lambda: FactorScheduler(3, warmup_mode="cubic"), ValueError, "'cubic' is unknown"),
        (lambda: LRScheduler()(1), NotImplementedError, "define __call__"),
        (lambda: LRScheduler().get_warmup_lr(3), AssertionError, "after the warm-up"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_schedules_of_the_first_versions(caplog):
    rate = mx.misc.FactorScheduler(10, factor=0.5)
    rate.base_lr = 0.8
    with caplog.at_level("INFO"):
        assert [rate(i) for i in (0, 9, 10, 25)] == [0.8, 0.8, 0.4, 0.2]
    assert len(caplog.records) == 2
    with pytest.raises(ValueError, match="step 0 must be at least 1"):
        mx.misc.FactorScheduler(0)
    with pytest.raises(ValueError, match="must be less than 1"):
        mx.misc.FactorScheduler(1, 1.0)
    with pytest.raises(NotImplementedError):
        mx.misc.LearningRateScheduler()(1)
