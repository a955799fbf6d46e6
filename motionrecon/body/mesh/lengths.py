"""The ten lengths of a person who is a mesh."""

from __future__ import annotations

import numpy as np

from motionrecon.body.mesh.template import Template
from motionrecon.body.proportions import Proportions

_X, _Y, _Z = range(3)


def proportions(template: Template) -> Proportions:
    """The lengths of a person in the zero pose, metres."""

    def mean(name: str) -> np.ndarray:
        """The left one, and the mirror image of the right one: where a segment begins, or else a landmark is."""
        found = template.place if f"left_{name}" in template.index else template.mark
        return np.asarray(0.5 * (found(f"left_{name}") + found(f"right_{name}") * [1, -1, 1]))

    hip, knee, ankle = mean("thigh"), mean("shank"), mean("foot")
    shoulder, elbow, wrist = mean("upper_arm"), mean("forearm"), mean("hand")
    lengths = dict(
        hip_width=2 * hip[_Y],
        shoulder_width=2 * shoulder[_Y],
        torso=shoulder[_Z] - hip[_Z],
        head=mean("ear")[_Z] - shoulder[_Z],
        upper_arm=elbow[_Y] - shoulder[_Y],
        forearm=wrist[_Y] - elbow[_Y],
        thigh=hip[_Z] - knee[_Z],
        shank=knee[_Z] - ankle[_Z],
        foot=mean("foot_index")[_X] - mean("heel")[_X],
        ankle_height=ankle[_Z] - float(template.standing.mean()),
    )
    return Proportions(**{name: float(length) for name, length in lengths.items()})
