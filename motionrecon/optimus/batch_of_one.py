"""One problem of an optimizer in NumPy as the batch that a rule in torch steps with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.optimus.threads import one_torch_thread

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def apart() -> Iterator[None]:
    """What a rule computes by torch: on one thread, without gradients, in ordinary tensors whatever the caller's mode.

    Not around the problem's own evaluations: these may use torch, its threads and its gradients themselves.
    """
    import torch

    with one_torch_thread(), torch.inference_mode(False), torch.no_grad():
        yield


def tensors(
    x: Float[np.ndarray, " n"], value: float, gradient: Float[np.ndarray, " n"]
) -> tuple[Tensor, Tensor, Tensor]:
    """A point and what was found there, as a batch of one."""
    import torch

    f = torch.from_numpy(np.array([value], dtype=float))
    return torch.from_numpy(x.copy())[None], f, torch.from_numpy(np.array(gradient))[None]
