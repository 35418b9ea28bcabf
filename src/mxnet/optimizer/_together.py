"""Many dense tensors in a few calls of torch: on a GPU one kernel for all of them, on a CPU one trip into C++."""

from __future__ import annotations

from typing import Any

import torch


def prepared(
    gradients: list[torch.Tensor],
    rescale: float,
    clip: float | None,
    weights: list[torch.Tensor] | None = None,
    decays: list[float] | None = None,
) -> list[torch.Tensor]:
    """clip(rescale * gradient + decay * weight) of each; the gradients themselves where nothing changes."""
    if rescale != 1.0:
        gradients = torch._foreach_mul(gradients, rescale)
    if weights is not None and decays is not None and any(decays):
        if len(set(decays)) == 1:
            gradients = torch._foreach_add(gradients, weights, alpha=decays[0])
        else:
            gradients = torch._foreach_add(gradients, torch._foreach_mul(weights, decays))
    if clip:
        gradients = torch._foreach_clamp_max(torch._foreach_clamp_min(gradients, -clip), clip)
    return gradients


#: Elements of a tensor on the average, up to which a CPU gains more by fewer calls than it loses by reading memory again for each of them.
_SMALL = 1 << 14


def worthwhile(tensors: list[torch.Tensor]) -> bool:
    """Whether a formula of many steps should go over all tensors step by step, rather than over one tensor after the other."""
    return tensors[0].device.type != "cpu" or sum(t.numel() for t in tensors) <= _SMALL * len(tensors)


def by_rate(lrs: list[float], wds: list[float]) -> dict[tuple[float, float], list[int]]:
    """The places of each (learning rate, weight decay): usually two, weights and biases."""
    groups: dict[tuple[float, float], list[int]] = {}
    for i, pair in enumerate(zip(lrs, wds)):
        groups.setdefault(pair, []).append(i)
    return groups


def sgd(
    weights: list[torch.Tensor],
    gradients: list[torch.Tensor],
    momenta: list[torch.Tensor] | None,
    lr: float,
    wd: float,
    momentum: float,
    rescale: float,
) -> None:
    """m = momentum m - lr (rescale g + wd w); w += m. Without momenta: w -= lr (rescale g + wd w)."""
    if weights[0].device.type == "cpu":  # one tensor after the other: it stays in the cache between the steps
        for i, (w, g) in enumerate(zip(weights, gradients)):
            if momenta is None:
                if wd:
                    w.mul_(1.0 - lr * wd)
                w.add_(g, alpha=-lr * rescale)
                continue
            m = momenta[i].mul_(momentum)
            if wd:
                m.add_(w, alpha=-lr * wd)
            w.add_(m.add_(g, alpha=-lr * rescale))
        return
    if momenta is None:
        if wd:
            torch._foreach_mul_(weights, 1.0 - lr * wd)
        torch._foreach_add_(weights, gradients, alpha=-lr * rescale)
        return
    torch._foreach_mul_(momenta, momentum)
    if wd:
        torch._foreach_add_(momenta, weights, alpha=-lr * wd)
    torch._foreach_add_(momenta, gradients, alpha=-lr * rescale)
    torch._foreach_add_(weights, momenta)


def pick(items: list[Any], places: list[int]) -> list[Any]:
    """The items of these places; the list itself if that is all of them."""
    return items if len(places) == len(items) else [items[i] for i in places]
