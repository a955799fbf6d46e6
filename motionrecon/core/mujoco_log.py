"""MuJoCo's warnings, which it prints and writes into a file where the user happens to be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import mujoco

from motionrecon.core.together import Together


@contextmanager
def _quiet() -> Iterator[None]:
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: None)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


#: A context that keeps MuJoCo from printing its warnings and writing MUJOCO_LOG.TXT; the caller looks at the counters.
quiet_mujoco = Together(_quiet)
