"""The lengths of a person between their landmarks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.core.landmarks import INDEX
from motionrecon.core.sides import SIDES

#: Names of the lengths, and the landmarks at both ends of each, without their side.
LIMBS: dict[str, tuple[str, str]] = {
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
    "foot": ("heel", "foot_index"),
}
LENGTHS: tuple[str, ...] = ("hip_width", "shoulder_width", "torso", *LIMBS)


def lengths_of(joints: Float[np.ndarray, "T 33 3"]) -> dict[str, float]:
    """Medians over the frames, of limbs the mean of both sides, metres; NaN of what nobody knows."""

    def at(name: str) -> Float[np.ndarray, "T 3"]:
        return joints[:, INDEX[name]]

    def apart(a: Float[np.ndarray, "T 3"], b: Float[np.ndarray, "T 3"]) -> float:
        distances = np.linalg.norm(a - b, axis=1)
        known = distances[np.isfinite(distances)]
        return float(np.median(known)) if len(known) else float("nan")

    hips, shoulders = ((at(f"left_{name}"), at(f"right_{name}")) for name in ("hip", "shoulder"))
    found = {
        "hip_width": apart(*hips),
        "shoulder_width": apart(*shoulders),
        "torso": apart(0.5 * (hips[0] + hips[1]), 0.5 * (shoulders[0] + shoulders[1])),
    }
    for name, (upper, lower) in LIMBS.items():
        found[name] = float(np.mean([apart(at(f"{side}_{upper}"), at(f"{side}_{lower}")) for side in SIDES]))
    return found


def length_errors(joints: Float[np.ndarray, "T 33 3"], reference: Float[np.ndarray, "T 33 3"]) -> dict[str, float]:
    """How much longer each length is than that of the reference, percent."""
    found, true = lengths_of(joints), lengths_of(reference)
    return {name: 100 * (found[name] / true[name] - 1) for name in LENGTHS}
