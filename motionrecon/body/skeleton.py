"""A body as bones in a T pose, and how each bone is turned in a motion: what animation programs know of a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.body.points import Points
from motionrecon.body.pose import Pose, pose, zero_pose


@dataclass(frozen=True)
class Bone:
    """A bone and where it is in the model; the model may be any whose zero pose is a T pose.

    Attributes:
        name: the bone's name, Mixamo's without its prefix.
        parent: the name of its parent, None for the root.
        body: the MuJoCo body that it turns with.
        head: sites or geoms of that body whose mean is the bone's head; the body's origin if empty.
        end: the same for its far end, needed only for a bone without children; if empty, the bone goes on from its
            head as far as its parent went to reach it.
    """

    name: str
    parent: str | None
    body: str
    head: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


class Skeleton:
    """B bones in the rest pose, parents before children, a bone's whole subtree before its next sibling.

    Attributes:
        names: (B,) of the bones.
        parents: (B,) indices of their parents, -1 for the root.
        heads: (B, 3) where they start in the rest pose, metres; the person stands at the origin and faces +x, left +y.
        ends: (B, 3) from a bone's head to its far end in the rest pose, where it has no children.
        bodies: (B,) indices of the MuJoCo bodies that they turn with.
    """

    def __init__(self, model: mujoco.MjModel, bones: Sequence[Bone]) -> None:
        ordered = list(_depth_first(bones, None))
        index = {bone.name: i for i, bone in enumerate(ordered)}
        self.names = tuple(index)
        self.parents = tuple(index[bone.parent] if bone.parent else -1 for bone in ordered)
        self._model = model
        self.bodies = np.array([model.body(bone.body).id for bone in ordered])
        rest = zero_pose(model)
        self._rest = rest.rotations[0, self.bodies]

        sites = {model.site(i).name for i in range(model.nsite)}

        def middle(names: tuple[str, ...], default: np.ndarray) -> np.ndarray:
            if not names:
                return default
            points = Points.sites(model, names) if names[0] in sites else Points.geoms(model, names)
            return np.asarray(rest.at(points)[0].mean(0))

        origins = rest.origins[0, self.bodies]
        self.heads = np.array([middle(bone.head, origins[i]) for i, bone in enumerate(ordered)])
        offsets = self.offsets
        self.ends = np.array(
            [middle(bone.end, self.heads[i] + offsets[i]) - self.heads[i] for i, bone in enumerate(ordered)]
        )
        # Where the root's head is in its body.
        self._root = self._rest[0].T @ (self.heads[0] - origins[0])

    @property
    def offsets(self) -> Float[np.ndarray, "B 3"]:
        """From a parent's head to its bone's in the rest pose, metres; zero for the root."""
        return np.array([self.heads[i] - self.heads[p] if p >= 0 else np.zeros(3) for i, p in enumerate(self.parents)])

    def turns(self, qpos: Float[np.ndarray, "T nq"]) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T B 3 3"]]:
        """A motion of the bones.

        Returns:
            the root's head in the world, metres; and how each bone is turned in the world from the rest pose.
        """
        return self.turned(pose(self._model, qpos))

    def turned(self, at: Pose) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T B 3 3"]]:
        """The bones in a pose that holds what they turn with; as of `turns`."""
        rotations = at.rotations[:, self.bodies]
        root = at.origins[:, self.bodies[0]] + rotations[:, 0] @ self._root
        return root, rotations @ self._rest.transpose(0, 2, 1)

    def with_chain(
        self, names: Sequence[str], parent: str, places: Float[np.ndarray, "places 3"], bodies: Sequence[int]
    ) -> Skeleton:
        """With further bones, one after the other, on one of these.

        Args:
            names: of the new bones.
            parent: the bone that carries the first.
            places: where each begins in the rest pose, and the last one ends, metres.
            bodies: what they turn with: indices into the poses that `turned` is given, of what is not turned at rest.
        """
        carrier, count = self.names.index(parent), len(names)
        below = [i for i in range(len(self.names)) if self._hangs_on(i, carrier)]
        first = max(below) + 1
        found = copy(self)
        found.names = (*self.names[:first], *names, *self.names[first:])
        after = tuple(p + count * (p >= first) for p in self.parents[first:])
        found.parents = (*self.parents[:first], carrier, *range(first, first + count - 1), *after)
        found.heads = np.insert(self.heads, [first] * count, places[:-1], axis=0)
        found.ends = np.insert(self.ends, [first] * count, np.diff(places, axis=0), axis=0)
        found.bodies = np.insert(self.bodies, [first] * count, bodies)
        found._rest = np.insert(self._rest, [first] * count, np.eye(3), axis=0)
        return found

    def _hangs_on(self, i: int, carrier: int) -> bool:
        while i > carrier:
            i = self.parents[i]
        return i == carrier


def _depth_first(bones: Sequence[Bone], parent: str | None) -> Iterator[Bone]:
    for bone in bones:
        if bone.parent == parent:
            yield bone
            yield from _depth_first(bones, bone.name)
