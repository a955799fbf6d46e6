"""Random poses of people: of recorded motions, widened, and those who stand, sit or crouch, of whom films are full.

Poses are the capsule person's (`motionrecon.data.make_poses`), with the pelvis at x = y = 0 and gravity along -z.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.base import Body
from motionrecon.data.make_poses import FOLDER
from motionrecon.poses.articulation import Articulation
from motionrecon.research.tasks.poses.mirror import Mirror

#: How often a pose is of each kind.
SHARES = {
    "recorded": 0.24,
    "standing": 0.16,
    "reaching": 0.16,
    "mixed": 0.14,
    "crouching": 0.14,
    "sitting": 0.10,
    "tumbled": 0.06,
}
_HINGES = 7  # the first column of a pose that is a hinge's
_LEGS = ("hip", "knee", "ankle")
_ARMS = ("clavicle", "shoulder", "elbow")
#: Standard deviations of standing people's hinges, degrees; those of a name's part.
_STANDING = {"lumbar": 4.0, "hip_flexion": 6.0, "hip_abduction": 4.0, "hip_rotation": 8.0, "knee": 4.0, "ankle": 4.0}


#: Standard deviations of how people of a kind lean, forwards and sideways, degrees.
_LEAN = {"standing": (4.0, 2.0), "reaching": (8.0, 5.0), "sitting": (10.0, 2.0), "crouching": (6.0, 3.0)}
#: How far the pelvis of somebody who crouches leans forwards for each degree of the knees' bend.
_CROUCHED_LEAN = 0.2


@dataclass(frozen=True)
class Attitudes:
    """Where poses are drawn from.

    Attributes:
        body: whose hinges they are of.
        recorded: (N, nq) poses of motions.
        share: (N,) how likely each is drawn: every motion as often as another.
    """

    body: Body
    recorded: Float[np.ndarray, "N nq"]
    share: Float[np.ndarray, " N"]

    @cached_property
    def _mirror(self) -> Mirror:
        return Mirror.of(Articulation.of_body(self.body))

    @staticmethod
    def of(name: str, body: Body) -> Attitudes:
        """Of the motions of a set of `data/poses`."""
        with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as saved:
            qpos, first = saved["qpos"].astype(float), saved["first"]
        count = np.diff(first)
        share = np.repeat(1.0 / np.sqrt(count), count)  # long ones somewhat more often
        return Attitudes(body, qpos, share / share.sum())

    def draw(self, rng: np.random.Generator) -> tuple[str, Float[np.ndarray, " nq"]]:
        """A pose, turned about the vertical in any way, and its kind."""
        kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        qpos, forwards = self._one(rng), 0.0
        hinges = qpos[_HINGES:]
        names = np.array(self.body.hinge_names)
        legs = np.array([any(part in name for part in _LEGS) for name in names])
        if kind == "standing":
            hinges[:] = self._standing(hinges, names, legs, rng)
        elif kind == "reaching":
            hinges[:] = self._reaching(hinges, names, legs, rng)
        elif kind == "sitting":
            hinges[:] = self._sitting(hinges, names, legs, rng)
        elif kind == "crouching":
            hinges[:], forwards = self._crouching(hinges, names, legs, rng)
        elif kind in ("mixed", "tumbled"):
            hinges[legs] = self._one(rng)[_HINGES:][legs]
            low, high = self.body.model.jnt_range[1:].T
            aside = low + rng.random(len(low)) * (high - low)
            hinges += rng.choice([0.0, 0.1, 0.25]) * (aside - hinges)
        elif rng.random() < 0.5:
            hinges += rng.normal(0, 0.08, len(hinges))
        low, high = self.body.model.jnt_range[1:].T
        hinges[:] = np.clip(hinges, low, high)
        if kind in _LEAN:
            lean = Rotation.from_euler("yx", rng.normal((forwards, 0.0), _LEAN[kind]), degrees=True)
        elif kind == "tumbled":
            lean = Rotation.random(rng=rng)
        else:
            lean = Rotation.from_quat(qpos[3:7], scalar_first=True)
        turn = Rotation.from_euler("z", rng.uniform(0, 2 * np.pi)) * lean
        qpos[:3], qpos[3:7] = (0.0, 0.0, 1.0), turn.as_quat(scalar_first=True)
        return kind, qpos

    def _one(self, rng: np.random.Generator) -> Float[np.ndarray, " nq"]:
        """A recorded pose, mirrored or not."""
        qpos = self.recorded[rng.choice(len(self.recorded), p=self.share)].copy()
        return self._mirror.mirrored(qpos) if rng.random() < 0.5 else np.asarray(qpos)

    def _standing(
        self, hinges: np.ndarray, names: np.ndarray, legs: np.ndarray, rng: np.random.Generator
    ) -> Float[np.ndarray, " n"]:
        """The recorded arms and head on legs that are straight, or nearly so; one in six has one leg as recorded."""
        found = hinges.copy()
        trunk = np.array(["lumbar" in name for name in names])
        kept = rng.choice(["", "", "", "", "left", "right"])
        for i in np.flatnonzero(legs | trunk):
            if kept and names[i].startswith(kept):
                continue
            spread = next((s for part, s in _STANDING.items() if part in names[i]), 4.0)
            found[i] = np.radians(rng.normal(0, spread))
            if "knee" in names[i]:
                found[i] = abs(found[i])
        if rng.random() < 0.4:  # arms that hang
            for k, name in enumerate(names):
                if "shoulder" in name or "elbow" in name:
                    found[k] = self.body.rest_qpos[_HINGES + k] + np.radians(rng.normal(0, 10))
        return found

    def _reaching(
        self, hinges: np.ndarray, names: np.ndarray, legs: np.ndarray, rng: np.random.Generator
    ) -> Float[np.ndarray, " n"]:
        """Arms anyhow within their joints' ranges, each mostly, on standing legs or, in half, on recorded ones."""
        found = self._standing(hinges, names, legs, rng) if rng.random() < 0.5 else hinges.copy()
        low, high = self.body.model.jnt_range[1:].T
        for side in ("left", "right"):
            arm = np.array([name.startswith(side) and any(part in name for part in _ARMS) for name in names])
            if rng.random() < 0.75:
                found[arm] = low[arm] + rng.beta(1.5, 1.5, arm.sum()) * (high - low)[arm]
        return found

    @staticmethod
    def _sitting(
        hinges: np.ndarray, names: np.ndarray, legs: np.ndarray, rng: np.random.Generator
    ) -> Float[np.ndarray, " n"]:
        """The recorded arms and head on legs of somebody who sits, knees more or less bent and apart."""
        found = hinges.copy()
        apart, bent = rng.normal(6, 7), rng.normal(85, 14)
        for i in np.flatnonzero(legs):
            name = names[i]
            wanted = 0.0
            if "hip_flexion" in name:
                wanted = rng.normal(82, 10)
            elif "hip_abduction" in name:
                wanted = rng.normal(apart, 4)
            elif "knee" in name:
                wanted = bent + rng.normal(0, 10)
            found[i] = np.radians(wanted if wanted else rng.normal(0, 6))
        return found

    @staticmethod
    def _crouching(
        hinges: np.ndarray, names: np.ndarray, legs: np.ndarray, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, " n"], float]:
        """The recorded arms and head on legs that squat, lunge or bend; and by how much the pelvis leans, degrees.

        The shanks stay as far from the vertical as ankles allow, the thighs make up for the knees; in a third of the
        poses the two legs are bent by what each likes.
        """
        found = hinges.copy()
        bent = rng.uniform(10.0, 140.0)
        lean = _CROUCHED_LEAN * bent + abs(rng.normal(0, 12))
        apart, other = rng.normal(10, 8), rng.uniform(5.0, 140.0)
        alike = rng.random() < 0.67
        for side in ("left", "right"):
            knee = (bent if side == "left" or alike else other) + rng.normal(0, 5)
            shank = np.clip(0.4 * knee, 0, 35) + rng.normal(0, 6)  # forwards of the vertical
            thigh = knee - shank  # forwards of the vertical, as seen from the hip
            wanted = {"hip_flexion": thigh + lean, "hip_abduction": apart, "knee": knee, "ankle": shank}
            for i in np.flatnonzero(legs):
                if names[i].startswith(side):
                    angle = next((value for part, value in wanted.items() if part in names[i]), 0.0)
                    found[i] = np.radians(angle + rng.normal(0, 4))
        return found, lean
