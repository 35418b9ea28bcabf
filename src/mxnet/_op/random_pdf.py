"""Densities and probabilities of samples: `_random_pdf_X(sample, *parameters, is_log)`, with gradients for sample and parameters.

A parameter of shape S goes with samples of shape S + T. Computed in float32 for 16-bit types. Discrete distributions have a zero
gradient for the sample.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, expect_float, same_dtype
from .registry import op


def _density(
    name: str, log_density: Callable[..., Tensor], sample: Tensor, is_log: bool, discrete: bool = False, **params: Tensor
) -> Tensor:
    """exp(log_density(sample, *params)), or its logarithm; params spread over the samples."""
    expect_float(name, sample, "sample")
    same_dtype(name, sample=sample, **params)
    spread = []
    for key, p in params.items():
        if p.shape != sample.shape[: p.ndim]:
            raise MXNetError(
                f"{name}: {key} has shape {tuple(p.shape)}, sample {tuple(sample.shape)}. The sample's shape must begin with the parameter's."
            )
        spread.append(p.reshape(*p.shape, *(1,) * (sample.ndim - p.ndim)))
    values = sample.detach() if discrete else sample
    if sample.dtype in HALF:
        values, spread = values.float(), [p.float() for p in spread]
    result = log_density(values, *spread)
    result = (result if is_log else result.exp()).expand(sample.shape).to(sample.dtype)
    return with_zero_gradients(result, sample)


def _log_uniform(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return -torch.log(high - low).expand(x.shape)


def _log_normal(x: Tensor, mu: Tensor, sigma: Tensor) -> Tensor:
    return -0.5 * ((x - mu) / sigma) ** 2 - torch.log(sigma) - 0.9189385332046727  # log(sqrt(2 pi))


def _log_gamma(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return alpha * torch.log(beta) + (alpha - 1) * torch.log(x) - beta * x - torch.lgamma(alpha)


def _log_exponential(x: Tensor, lam: Tensor) -> Tensor:
    return torch.log(lam) - lam * x


def _log_poisson(x: Tensor, lam: Tensor) -> Tensor:
    return x * torch.log(lam) - lam - torch.lgamma(x + 1)


def _log_negative_binomial(x: Tensor, k: Tensor, p: Tensor) -> Tensor:
    return torch.lgamma(x + k) - torch.lgamma(x + 1) - torch.lgamma(k) + k * torch.log(p) + x * torch.log(1 - p)


def _log_generalized(x: Tensor, mu: Tensor, alpha: Tensor) -> Tensor:
    return _log_negative_binomial(x, 1 / alpha, 1 / (mu * alpha + 1))


@op("_random_pdf_uniform", aliases=["random_pdf_uniform"], amp="widest")
def pdf_uniform(sample: Tensor, low: Tensor, high: Tensor, *, is_log: bool = False) -> Tensor:
    """1 / (high - low); samples are taken to be inside of [low, high].

    >>> mx.nd.random_pdf_uniform(mx.nd.array([[1, 2]]), mx.nd.array([0]), mx.nd.array([4])).asnumpy().tolist()
    [[0.25, 0.25]]
    """
    return _density("_random_pdf_uniform", _log_uniform, sample, is_log, True, low=low, high=high)


@op("_random_pdf_normal", aliases=["random_pdf_normal"], amp="widest")
def pdf_normal(sample: Tensor, mu: Tensor, sigma: Tensor, *, is_log: bool = False) -> Tensor:
    """exp(-((x - mu) / sigma) ** 2 / 2) / (sigma * sqrt(2 pi)).

    >>> round(float(mx.nd.random_pdf_normal(mx.nd.array([[0]]), mx.nd.array([0]), mx.nd.array([1])).asscalar()), 4)
    0.3989
    """
    return _density("_random_pdf_normal", _log_normal, sample, is_log, mu=mu, sigma=sigma)


@op("_random_pdf_gamma", aliases=["random_pdf_gamma"], amp="widest")
def pdf_gamma(sample: Tensor, alpha: Tensor, beta: Tensor, *, is_log: bool = False) -> Tensor:
    """beta ** alpha * x ** (alpha - 1) * exp(-beta * x) / Gamma(alpha); beta is a rate here (a scale in random_gamma).

    >>> mx.nd.random_pdf_gamma(mx.nd.array([[0]]), mx.nd.array([1]), mx.nd.array([2]), is_log=False).shape
    (1, 1)
    """
    return _density("_random_pdf_gamma", _log_gamma, sample, is_log, alpha=alpha, beta=beta)


@op("_random_pdf_exponential", aliases=["random_pdf_exponential"], amp="widest")
def pdf_exponential(sample: Tensor, lam: Tensor, *, is_log: bool = False) -> Tensor:
    """lam * exp(-lam * x).

    >>> mx.nd.random_pdf_exponential(mx.nd.array([[0]]), mx.nd.array([2])).asnumpy().tolist()
    [[2.0]]
    """
    return _density("_random_pdf_exponential", _log_exponential, sample, is_log, lam=lam)


@op("_random_pdf_poisson", aliases=["random_pdf_poisson"], amp="widest")
def pdf_poisson(sample: Tensor, lam: Tensor, *, is_log: bool = False) -> Tensor:
    """lam ** x * exp(-lam) / x!.

    >>> mx.nd.random_pdf_poisson(mx.nd.array([[0]]), mx.nd.array([0.5]), is_log=True).asnumpy().tolist()
    [[-0.5]]
    """
    return _density("_random_pdf_poisson", _log_poisson, sample, is_log, True, lam=lam)


@op("_random_pdf_negative_binomial", aliases=["random_pdf_negative_binomial"], amp="widest")
def pdf_negative_binomial(sample: Tensor, k: Tensor, p: Tensor, *, is_log: bool = False) -> Tensor:
    """Gamma(x + k) / (x! Gamma(k)) * p ** k * (1 - p) ** x.

    >>> mx.nd.random_pdf_negative_binomial(mx.nd.array([[0]]), mx.nd.array([1]), mx.nd.array([0.5])).asnumpy().tolist()
    [[0.5]]
    """
    return _density("_random_pdf_negative_binomial", _log_negative_binomial, sample, is_log, True, k=k, p=p)


@op("_random_pdf_generalized_negative_binomial", aliases=["random_pdf_generalized_negative_binomial"], amp="widest")
def pdf_generalized_negative_binomial(sample: Tensor, mu: Tensor, alpha: Tensor, *, is_log: bool = False) -> Tensor:
    """The negative binomial with k = 1 / alpha and p = 1 / (mu * alpha + 1).

    >>> mx.nd.random_pdf_generalized_negative_binomial(mx.nd.array([[0]]), mx.nd.array([1]), mx.nd.array([1])).asnumpy().tolist()
    [[0.5]]
    """
    return _density("_random_pdf_generalized_negative_binomial", _log_generalized, sample, is_log, True, mu=mu, alpha=alpha)


@op("_random_pdf_dirichlet", aliases=["random_pdf_dirichlet"], amp="widest")
def pdf_dirichlet(sample: Tensor, alpha: Tensor, *, is_log: bool = False) -> Tensor:
    """Gamma(sum alpha) / prod Gamma(alpha) * prod x ** (alpha - 1) over the last axis: alpha S + (k,), sample S + T + (k,) -> S + T.

    >>> mx.nd.random_pdf_dirichlet(mx.nd.array([[0.5, 0.5]]), mx.nd.array([1, 1])).asnumpy().tolist()
    [1.0]
    """
    name = "_random_pdf_dirichlet"
    expect_float(name, sample, "sample")
    same_dtype(name, sample=sample, alpha=alpha)
    lead = alpha.ndim - 1
    fits = 0 <= lead < sample.ndim and alpha.shape[-1] == sample.shape[-1] and alpha.shape[:-1] == sample.shape[:lead]
    if not fits:
        raise MXNetError(
            f"{name}: alpha has shape {tuple(alpha.shape)}, sample {tuple(sample.shape)}. Pass alpha S + (k,) and sample S + T + (k,)."
        )
    a = alpha.reshape(*alpha.shape[:-1], *(1,) * (sample.ndim - alpha.ndim), alpha.shape[-1])
    x = sample
    if sample.dtype in HALF:
        a, x = a.float(), x.float()
    result = ((a - 1) * torch.log(x)).sum(-1) + torch.lgamma(a.sum(-1)) - torch.lgamma(a).sum(-1)
    return (result if is_log else result.exp()).reshape(sample.shape[:-1] or (1,)).to(sample.dtype)
