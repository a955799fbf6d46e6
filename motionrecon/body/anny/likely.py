"""The lengths that are likely of a person of Anny before anything is seen of them."""

from __future__ import annotations

from dataclasses import replace

from motionrecon.body.mesh.lengths import proportions
from motionrecon.body.mesh.template import Template
from motionrecon.body.proportions import Proportions


def likely(template: Template) -> Proportions:
    """Anny's own lengths, with a knee where people have theirs, metres.

    Anny makes people tall by their thighs: in the model's own adults from 1.4 to 2.0 m the thigh grows from 0.19 to
    0.26 of the height, and the shank shrinks. A femur is the same share of nearly everybody's (0.2674; Feldesman,
    Kleckner & Lundy 1990, Am. J. Phys. Anthropol. 83(3)). So a leg is as long as Anny says, and divided as is typical.
    """
    own, usual = proportions(template), Proportions.typical(1.0)
    leg, thigh = own.thigh + own.shank, usual.thigh / (usual.thigh + usual.shank)
    return replace(own, thigh=thigh * leg, shank=(1.0 - thigh) * leg)
