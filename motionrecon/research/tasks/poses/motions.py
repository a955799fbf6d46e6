"""Motions that tasks are made of, and the sets of them that come with motionrecon."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body.tangent import QUATERNION
from motionrecon.core.files import read_arrays
from motionrecon.errors import InputError

#: The sets of motions: of those that are tested on, new actions and another source, and other clips of known actions.
SETS = ("train", "tune", "test_actions", "deepmimic", "test_clips")
#: Nobody turns faster, radians a second: conversions of recordings jump by half a turn from one frame to the next.
_TURNS = 26.0


@dataclass(frozen=True)
class Motions:
    """Clips of motion.

    Attributes:
        qpos: (M, nq) configurations, z up, of all clips one after another.
        first: (C + 1,) where each clip begins, and where the last one ends.
        names: (C,) of the clips.
        fps: frames per second.
    """

    qpos: Float[np.ndarray, "M nq"]
    first: Int[np.ndarray, " C1"]
    names: tuple[str, ...]
    fps: float

    def runs(
        self, count: int, length: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "N L nq"], Int[np.ndarray, " N"]]:
        """Random runs of neighbouring frames, none across two clips or a jump, and which clip each is from.

        Raises:
            InputError: no clip is as long.
        """
        starts = self._starts(length)
        chosen = starts[rng.integers(len(starts), size=count)]
        clip = np.searchsorted(self.first, chosen, side="right") - 1
        return self.qpos[chosen[:, None] + np.arange(length)], clip

    def _starts(self, length: int) -> Int[np.ndarray, " k"]:
        parts = [np.arange(a, b - length + 1) for a, b in pairwise(self.first) if b - a >= length]
        if not parts:
            raise InputError(f"frames={length}: the longest clip has {np.diff(self.first).max()}; give fewer")
        starts = np.concatenate(parts)
        jumped = np.concatenate([[0], np.cumsum(self._jumps)])  # before each frame
        whole = starts[jumped[starts] == jumped[starts + length - 1]]
        if not len(whole):
            raise InputError(f"frames={length}: no clip has so many without a jump of the person's; give fewer")
        return np.asarray(whole)

    @cached_property
    def _jumps(self) -> Bool[np.ndarray, " k"]:
        """Whether the person turns faster than anybody from each frame to the next."""
        turned = self.qpos[:, QUATERNION]
        cosine = np.abs((turned[1:] * turned[:-1]).sum(axis=1))
        return np.asarray(2.0 * np.arccos(np.clip(cosine, 0.0, 1.0)) * self.fps > _TURNS)


def motions(name: str) -> Motions:
    """The motions of a set of `SETS`, as `motionrecon.data.make_poses` made them.

    Raises:
        InputError: there is no such set here.
    """
    if name not in SETS:
        raise InputError(f"no set of poses is called {name!r}: choose from {', '.join(SETS)}")
    path = Path(str(resources.files("motionrecon.data"))) / "poses" / f"{name}.npz"
    if not path.exists():
        raise InputError(f"{path}: no such poses; python -m motionrecon.data.make_poses makes them")
    arrays = read_arrays(path)
    qpos = arrays["qpos"].astype(float)
    qpos[:, QUATERNION] /= np.linalg.norm(qpos[:, QUATERNION], axis=1, keepdims=True)  # rounded in the file
    return Motions(qpos, arrays["first"].astype(int), tuple(map(str, arrays["names"])), float(arrays["fps"]))
