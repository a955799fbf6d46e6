"""Capsules fitted to the segments' skin: what of a segment touches the ground when it lies on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from motionrecon.body.mesh.template import Template
from motionrecon.core.sides import split, without_side

#: The segment that begins where another's capsule ends.
_NEXT = {"upper_arm": "forearm", "thigh": "shank", "shank": "foot"}
#: Shares of the forearm's length between which the capsules of its two parts lie, where it has two.
_FOREARM = {"forearm": (0.0, 0.5), "radius": (0.5, 1.0)}
#: Of a segment's skin, what is left out on either side where its width is measured: percent.
_OUTLIERS = 5.0


#: The ends of a capsule's axis in its segment's frame, and its radius, metres.
_Capsule = tuple[Float[np.ndarray, "2 3"], float]


def fleshed(template: Template) -> Template:
    """The person with capsules in all segments but feet and toes."""
    ends, radii = template.capsules.copy(), template.radii.copy()
    for i, name in enumerate(template.tree.names):
        if without_side(name) not in ("foot", "toes"):
            ends[i], radii[i] = _capsule(template, name)
    return replace(template, capsules=ends, radii=radii)


def _capsule(template: Template, name: str) -> _Capsule:
    side, part = split(name)
    own = template.own(name)
    if part in _NEXT or part in _FOREARM:
        follower = _NEXT.get(part, "hand")
        way = template.place(f"{side}_{follower}") - template.place(name)
        first, last = _FOREARM.get(part, (0.0, 1.0)) if f"{side}_radius" in template.index else (0.0, 1.0)
        return _around(own, np.array([first * way, last * way]))
    if part == "clavicle":
        way = template.place(f"{side}_upper_arm") - template.place(name)
        return (np.array([0.3 * way, way]), 0.5 * float(np.ptp(own[:, 0])) / 2)
    if part == "neck":
        return _around(own, np.array([np.zeros(3), template.place("head") - template.place(name)]))
    low, high = np.percentile(own, [_OUTLIERS, 100.0 - _OUTLIERS], axis=0)
    axis = {"head": 2, "hand": 1}.get(part, 1)
    across = [i for i in range(3) if i != axis]
    # As thick as the trunk is deep, the head wide, the hand thick.
    radius = 0.5 * float((high - low)[{"head": 1, "hand": 2}.get(part, 0)])
    middle = 0.5 * (low + high)
    middle[across] = own[:, across].mean(0) if part == "hand" else middle[across]
    half = max(0.5 * float((high - low)[axis]) - radius, 0.01)
    reach = half * np.eye(3)[axis]
    return (np.array([middle - reach, middle + reach]), radius)


def _around(own: Float[np.ndarray, "n 3"], ends: Float[np.ndarray, "2 3"]) -> _Capsule:
    """The capsule between two ends whose surface is as far away from them as the skin is, most often."""
    way = ends[1] - ends[0]
    along = np.clip((own - ends[0]) @ way / (way @ way), 0.0, 1.0)
    between = (along > 0.1) & (along < 0.9)
    away = np.linalg.norm(own - ends[0] - along[:, None] * way, axis=1)
    return (ends, float(np.median(away[between])))
