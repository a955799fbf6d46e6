"""How tall somebody is, as cameras know that stand at known places, in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionrecon.rig.lengths import MARKS, expected, measured
from motionrecon.rig.triangulation import triangulate
from motionrecon.views import View

#: A body that is compared with; lengths are in proportion to the height.
_USUAL = 1.70
#: What a body may measure, metres; beyond that the calibration is in another unit, or the points are of nobody.
_SMALLEST, _TALLEST = 0.8, 2.3
#: Lengths that must be seen at least; each may be off by a tenth in one person.
_FEWEST = 6
#: Standard deviation of a found height, metres: people of one height differ in their proportions by 3 to 4 cm (Trotter
#: and Gleser, "Estimation of stature from long bones", 1952), and pairs of cameras among each other by about as much.
UNCERTAIN = 0.05


def stature(views: Sequence[View]) -> float | None:
    """A person's height from the lengths between the marks that several calibrated cameras see; None if they do not.

    It is the height at which half of the lengths are longer, and half shorter, than in an average adult. Of the man in
    the balancing clip any two cameras find 1.67 to 1.72 m with the heavy detector, 1.63 to 1.73 m with the full one.

    Args:
        views: on one clock.
    """
    pixels = np.stack([view.pixels[:, MARKS] for view in views])
    weight = np.stack([view.weight[:, MARKS] for view in views])
    points, _ = triangulate([view.camera for view in views], pixels, weight)
    ratio = measured(points) / expected(_USUAL)
    if np.isfinite(ratio).sum() < _FEWEST:
        return None
    found = _USUAL * float(np.nanmedian(ratio))
    return found if _SMALLEST < found < _TALLEST else None
