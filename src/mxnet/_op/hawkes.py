"""The log likelihood of marked self-exciting point processes (A. G. Hawkes, "Spectra of some self-exciting ... point processes", 1971)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import zero_gradient
from .registry import op


@op("_contrib_hawkesll", outputs=2, amp="fp32")
def hawkesll(lda: Tensor, alpha: Tensor, beta: Tensor, state: Tensor, lags: Tensor, marks: Tensor, valid_length: Tensor,
             max_time: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(log likelihood (n,), state at max_time (n, k)) of n sequences of events with k kinds.

    Kind k has the intensity lda_k + alpha_k beta_k s_k, where s_k counts past events of its kind, each weighing exp(-beta_k age).
    lda (n, k), alpha and beta (k,), state (n, k) at time 0, lags (n, t) times between events, marks (n, t) their kinds,
    valid_length (n,) events in use, max_time (n,) end of observation.
    Gradients go from the likelihood to lda, alpha and beta; those of `state` and of the second output are zero, as in the original.
    """
    if lda.dim() != 2 or lags.dim() != 2 or lags.shape != marks.shape or state.shape != lda.shape or lags.shape[0] != lda.shape[0]:
        raise MXNetError(f"hawkesll: shapes lda {tuple(lda.shape)}, state {tuple(state.shape)}, lags {tuple(lags.shape)}, marks {tuple(marks.shape)}; needs "
                         "lda, state (n, k) and lags, marks (n, t). Check the inputs.")  # fmt: skip
    kinds = lda.shape[1]
    if alpha.shape != (kinds,) or beta.shape != (kinds,):
        raise MXNetError(
            f"hawkesll: alpha {tuple(alpha.shape)} and beta {tuple(beta.shape)} need shape ({kinds},), a number for each kind. Check them."
        )
    if valid_length.shape != lda.shape[:1] or max_time.shape != lda.shape[:1]:
        raise MXNetError(
            f"hawkesll: valid_length {tuple(valid_length.shape)} and max_time {tuple(max_time.shape)} need shape ({lda.shape[0]},). Check them."
        )
    tracked = [t for t in (lda, alpha, beta, state) if t.requires_grad]
    state = zero_gradient(state.detach(), [state]) if state.requires_grad else state
    lags, max_time = lags.detach(), max_time.detach()
    times = torch.cumsum(lags, 1)
    names = torch.arange(kinds, device=lda.device)
    last = torch.zeros_like(lda.detach())  # time of each kind's last event
    total = torch.zeros_like(lda[:, 0])
    for i in range(lags.shape[1]):
        now = times[:, i : i + 1]
        here = (marks[:, i : i + 1] == names) & (i < valid_length)[:, None]  # (n, k): the kind that happens
        age = now - last
        fade = torch.exp(-beta * age)
        rate = lda + alpha * beta * state * fade
        waited = lda * age + alpha * state * (1 - fade)
        total = total + torch.where(here, torch.log(torch.where(here, rate, torch.ones_like(rate))) - waited, 0.0).sum(1)
        state = torch.where(here, 1 + state * fade, state)
        last = torch.where(here, now, last)
    age = max_time[:, None] - last
    fade = torch.exp(-beta * age)
    total = total - (lda * age + alpha * state * (1 - fade)).sum(1)
    final = (state * fade).detach()
    return total, zero_gradient(final, tracked) if tracked else final
