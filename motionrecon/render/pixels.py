"""What all that is drawn here is drawn in."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

#: A picture, RGB.
Picture = UInt8[np.ndarray, "H W 3"]
#: Bits of fraction in the places that OpenCV's drawing is given.
SUBPIXEL = 4
