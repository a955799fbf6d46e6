"""The light of everything drawn in software."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

#: Towards the light, in the camera's frame (x right, y down, z forward): over the viewer's left shoulder.
LIGHT = np.array([-0.42, -0.68, -0.60]) / np.linalg.norm([-0.42, -0.68, -0.60])
_AMBIENT, _DIFFUSE, _RIM = 0.50, 0.56, 0.16

Numbers = TypeVar("Numbers", bound=np.ndarray)


def shade(lit: Numbers, facing: Numbers) -> Numbers:
    """How bright a surface is, 1 being its own colour.

    Half-Lambert: the far side keeps its roundness instead of turning flat.

    Args:
        lit: cosine of the angle between its normal and the light.
        facing: between its normal and the line to the eye.
    """
    return (lit * 0.5 + 0.5) ** 2 * _DIFFUSE + _AMBIENT + _RIM * (facing - 1)  # type: ignore[return-value]
