"""Anny itself: the mesh, joint centres and skin weights of somebody of a phenotype.

Anny (https://github.com/naver/anny; R. Bregier et al., 2025; code Apache-2.0, data CC0) is a model of people of all
ages. What is here is all that motionrecon asks of it: the rest of the package knows only arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import brentq

#: Years, and Anny's number for that age: its authors' calibration (`anny.shape_distribution`).
_YEARS = (0.0, 1.0, 4.0, 11.0, 16.0, 18.0, 64.0, 110.0)
_AGES = (0.0, 0.05, 0.215, 0.415, 0.67, 0.77, 0.83, 1.0)
#: Anny's number for a sex.
_GENDER = {"male": 0.0, "neutral": 0.5, "female": 1.0}
#: Between which of Anny's numbers for the weight people are built; its own end at 1, and go on a little from there.
_WEIGHTS = (0.0, 1.5)


@dataclass(frozen=True)
class Figure:
    """Somebody as Anny has them, standing with the arms half raised; x forward, y left, z up, metres.

    Attributes:
        vertices: (V, 3) of the skin.
        faces: (F, 3) counter-clockwise seen from outside; the skin is closed.
        bones: names of Anny's bones, a side as ``.L`` or ``.R`` at their end.
        heads: (B, 3) where the bones begin.
        bone_of: (V, k) the bones that a vertex follows.
        weights: (V, k) how much it follows each.
        eyes, mouth, inside: which faces are the eyeballs' fronts, the inside of the mouth, and all that nobody sees.
    """

    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    bones: tuple[str, ...]
    heads: Float[np.ndarray, "B 3"]
    bone_of: Int[np.ndarray, "V k"]
    weights: Float[np.ndarray, "V k"]
    eyes: Bool[np.ndarray, " F"]
    mouth: Bool[np.ndarray, " F"]
    inside: Bool[np.ndarray, " F"]

    @cached_property
    def head_of(self) -> dict[str, np.ndarray]:
        """Where each bone begins, by its name."""
        return dict(zip(self.bones, self.heads, strict=True))

    @property
    def height(self) -> float:
        return float(np.ptp(self.vertices[:, 2]))

    def shares(self, part_of: Int[np.ndarray, " B"], parts: int) -> Float[np.ndarray, "V parts"]:
        """How much each vertex follows each of some parts, each made of bones: `part_of` says which."""
        shares = np.zeros((len(self.vertices), parts))
        rows = np.broadcast_to(np.arange(len(self.vertices))[:, None], self.bone_of.shape)
        np.add.at(shares, (rows, part_of[self.bone_of]), self.weights)
        return shares


class Source:
    """Anny's model; it takes seconds to load, and a figure of it hundredths."""

    def __init__(self) -> None:
        import anny
        import torch
        from anny.face_segmentation import get_face_segmentation_mask

        # Its own skinning is compiled when it is first used, which takes long; only the resting person is asked for.
        self._model = anny.Anny(skinning_method="lbs", extrapolate_phenotypes=True).to(dtype=torch.float64)
        self._faces = np.asarray(self._model.faces.numpy(), int)

        def region(*labels: str) -> Bool[np.ndarray, " F"]:
            return np.asarray(get_face_segmentation_mask(self._model, list(labels)).numpy(), bool)

        hidden = ("eye_back.L", "eye_back.R", "eye_cavity.L", "eye_cavity.R", "mouth_cavity", "tongue")
        self._regions = region("eye_front.L", "eye_front.R"), region("mouth_cavity"), region(*hidden)

    def figure(self, **phenotype: float) -> Figure:
        """Somebody of a phenotype in Anny's own numbers, each 0.5 unless given."""
        import torch

        model: Any = self._model
        with torch.no_grad():
            rest = model(phenotype_kwargs=dict.fromkeys(model.phenotype_labels, 0.5) | phenotype)
        return Figure(
            _ours(rest["rest_vertices"][0].numpy()),
            self._faces,
            tuple(model.bone_labels),
            _ours(rest["rest_bone_heads"][0].numpy()),
            np.asarray(model.vertex_bone_indices.numpy(), int),
            np.asarray(model.vertex_bone_weights.numpy(), float),
            *self._regions,
        )

    def person(
        self, height: float, sex: str, age: float, litres: float, advance: Callable[[int], None] = lambda n: None
    ) -> Figure:
        """Somebody of this height (m), sex (male, female, neutral), age (years) and volume.

        The height is exact, the volume as near as Anny builds people.
        """
        known = {"gender": _GENDER[sex], "age": float(np.interp(age, _YEARS, _AGES))}
        short, tall = (self.figure(**known, height=h).height for h in (0.0, 1.0))
        known["height"] = (height - short) / (tall - short)  # a person grows in proportion to it

        def missing(weight: float) -> float:
            advance(1)
            return volume(self.figure(**known, weight=weight)) - litres / 1000.0

        thin, thick = _WEIGHTS
        if missing(thin) >= 0.0:
            weight = thin
        elif missing(thick) <= 0.0:
            weight = thick
        else:
            weight = float(brentq(missing, thin, thick, xtol=1e-3))
        return self.figure(**known, weight=weight)


def volume(figure: Figure) -> float:
    """What the skin holds, cubic metres."""
    a, b, c = np.moveaxis(figure.vertices[figure.faces], 1, 0)
    return float(np.einsum("fi,fi->", a, np.cross(b, c)) / 6.0)


def _ours(points: np.ndarray) -> np.ndarray:
    """Anny looks along -y with its left at +x."""
    return np.stack([-points[..., 1], points[..., 0], points[..., 2]], axis=-1).astype(float)
