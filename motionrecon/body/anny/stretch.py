"""The same person with other lengths: every segment of the T pose is scaled along the axes of its frame.

A limb's lengths lie along an axis of the T pose, so places change linearly with them, and skin, mass and joints follow
one rule.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Float

from motionrecon.body.anny.segments import INDEX, SEGMENTS, TREE
from motionrecon.body.mesh.lengths import proportions
from motionrecon.body.mesh.moments import moved
from motionrecon.body.mesh.template import Template, sole_carriers
from motionrecon.body.proportions import Proportions
from motionrecon.core.sides import SIDES, without_side

_TREADING = sole_carriers(TREE)
_Z = 2


@dataclass(frozen=True)
class Stretch:
    """How a template's segments are scaled.

    Attributes:
        factors: (S, 3) of each segment, along the axes of its frame.
        neck: factor on the neck's height over the shoulders.
    """

    factors: Float[np.ndarray, "S 3"]
    neck: float

    @staticmethod
    def to(template: Template, wanted: Proportions, now: Proportions | None = None) -> Stretch:
        """That which gives a person of the template other lengths.

        Args:
            template: the person.
            wanted: their lengths.
            now: those of the template, if they are known already.
        """
        now = now or proportions(template)
        by = {name: length / getattr(now, name) for name, length in asdict(wanted).items()}
        # The head keeps its size, and the neck makes up the difference.
        ears = [template.mark(f"{side}_ear")[_Z] for side in SIDES]
        skull = float(np.mean(ears) - template.origins[INDEX["head"], _Z])
        neck = (wanted.head - skull) / (now.head - skull)
        trunk = {"pelvis": by["hip_width"], "abdomen": 0.5 * (by["hip_width"] + by["shoulder_width"])}
        along = {
            **{name: (1.0, trunk.get(name, by["shoulder_width"]), by["torso"]) for name in _TRUNK},
            "neck": (1.0, 1.0, neck),
            "upper_arm": (1.0, by["upper_arm"], 1.0),
            "forearm": (1.0, by["forearm"], 1.0),
            "radius": (1.0, by["forearm"], 1.0),
            "thigh": (1.0, 1.0, by["thigh"]),
            "shank": (1.0, 1.0, by["shank"]),
            "foot": (by["foot"], 1.0, by["ankle_height"]),
            "toes": (by["foot"], 1.0, by["ankle_height"]),
        }
        return Stretch(np.array([along.get(without_side(name), (1.0, 1.0, 1.0)) for name in SEGMENTS]), neck)

    def of(self, template: Template) -> Template:
        """The person with the lengths."""
        return replace(self.bones(template), vertices=self.skin(template))

    def bones(self, template: Template) -> Template:
        """The person with the lengths, but the skin that they had."""
        origins = self.origins(template)
        carried = template.carriers
        return replace(
            template,
            origins=origins,
            moments=scaled(template.moments, self.factors),
            landmarks=origins[carried] + self.factors[carried] * (template.landmarks - template.origins[carried]),
            soles=origins[_TREADING] + self.factors[_TREADING] * (template.soles - template.origins[_TREADING]),
            capsules=self.factors[:, None] * template.capsules,
        )

    def origins(self, template: Template) -> Float[np.ndarray, "S 3"]:
        """The centres of the joints."""
        origins = np.zeros_like(template.origins)
        for s, p in enumerate(TREE.parents[1:], start=1):
            origins[s] = origins[p] + self.factors[p] * (template.origins[s] - template.origins[p])
        # The neck begins above the shoulders, in proportion to its own length.
        neck, shoulder = INDEX["neck"], INDEX["left_upper_arm"]
        above = template.origins[neck, _Z] - template.origins[shoulder, _Z]
        raised = origins[shoulder, _Z] + self.neck * above - origins[neck, _Z]
        origins[[neck, INDEX["head"]], _Z] += raised
        return origins

    def skin(self, template: Template) -> Float[np.ndarray, "V 3"]:
        """The vertices with the lengths."""
        return _skin(template, self.origins(template), self.factors)


#: Segments that stretch with the trunk.
_TRUNK = ("pelvis", "abdomen", "chest", "upper_chest", "clavicle")


def fattened(template: Template, girth: float) -> Template:
    """The person with another girth: segments are so many times as wide across their length, heads and feet are not."""
    wide = {
        **dict.fromkeys(("pelvis", "abdomen", "chest", "upper_chest", "neck", "thigh", "shank"), (girth, girth, 1.0)),
        **dict.fromkeys(("upper_arm", "forearm", "radius"), (girth, 1.0, girth)),
    }
    factors = np.array([wide.get(without_side(name), (1.0, 1.0, 1.0)) for name in SEGMENTS])
    return replace(
        template, vertices=_skin(template, template.origins, factors), moments=scaled(template.moments, factors)
    )


def scaled(moments: Float[np.ndarray, "S 4 4"], factors: Float[np.ndarray, "S 3"]) -> Float[np.ndarray, "S 4 4"]:
    """The moments of segments that are scaled along the axes of their frames."""
    return moved(moments, factors[:, :, None] * np.eye(3), np.zeros_like(factors))


def _skin(
    template: Template, origins: Float[np.ndarray, "S 3"], factors: Float[np.ndarray, "S 3"]
) -> Float[np.ndarray, "V 3"]:
    """The vertices: each goes where the segments that it follows would take it, by their weights."""
    found = np.zeros_like(template.vertices)
    for segment, weight in zip(template.segments.T, template.weights.T, strict=True):
        away = template.vertices - template.origins[segment]
        found += weight[:, None] * (origins[segment] + factors[segment] * away)
    return found
