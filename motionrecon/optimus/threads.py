"""Keep Optimus's own torch operations on one thread, and the user's on as many as they were.

A step works on small tensors. Torch's threads gain nothing there and, on a machine that is busy with anything else,
wait for each other: an evaluation of 40 ms was seen to take 600.

``torch.set_num_threads`` would change the number for the user's threads that begin meanwhile, too. OpenMP's own number
belongs to the thread that sets it, so it is set and restored there, in microseconds, around each step.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_torch_thread() -> AbstractContextManager[Any]:
    """A context in which torch operations of this thread run on it alone."""
    import torch

    torch.get_num_threads()  # a thread's first operation sets its number: not within the context
    limit: AbstractContextManager[Any] = _openmp().limit(limits=1)
    return limit


@lru_cache(maxsize=1)
def _openmp() -> Any:
    """The OpenMP libraries that are loaded with torch; looking for them takes milliseconds."""
    return ThreadpoolController().select(user_api="openmp")
