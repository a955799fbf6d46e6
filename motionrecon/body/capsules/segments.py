"""Mass, centre of mass and inertia of the body's segments.

Source: P. de Leva (1996), Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters, J. Biomech. 29(9).
Values are the mean of the female and the male column, since the sex is not asked for. Head, hand and the two parts of
the trunk end elsewhere here than there; their centres of mass and radii are set to our ends.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """Share of the body's mass; centre of mass as a share of the length from the proximal end; radii of gyration as
    shares of the length, about the sagittal (front-back), transverse (left-right) and longitudinal axes."""

    mass: float
    com: float
    gyration: tuple[float, float, float]


SEGMENTS: dict[str, Segment] = {
    "head": Segment(0.0681, 0.45, (0.303, 0.304, 0.261)),
    "torso": Segment(0.3120, 0.47, (0.42, 0.38, 0.26)),  # upper and middle trunk
    "pelvis": Segment(0.1182, 0.45, (0.52, 0.48, 0.50)),  # lower trunk
    "upper_arm": Segment(0.0263, 0.576, (0.282, 0.265, 0.153)),
    "forearm": Segment(0.0150, 0.457, (0.269, 0.261, 0.108)),
    "hand": Segment(0.0058, 0.60, (0.45, 0.40, 0.30)),
    "thigh": Segment(0.1447, 0.385, (0.349, 0.347, 0.156)),
    "shank": Segment(0.0457, 0.444, (0.263, 0.258, 0.098)),
    "foot": Segment(0.0133, 0.42, (0.278, 0.262, 0.132)),
}
