"""Keep BLAS on one thread.

The matrices of the window problem and of the kinematic fit are small. On them BLAS's own threads gain nothing and, on
a machine that is busy with anything else, wait for each other: a fit of 2 seconds was seen to take 20.
"""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_thread() -> threadpool_limits:
    """A context in which BLAS uses one thread. The simulator's threads are its own and go on as they are.

    Of several runs in several threads, the first one limits BLAS and gives it back; see threadpoolctl.
    """
    return threadpool_limits(limits=1, user_api="blas")
