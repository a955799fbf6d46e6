"""Cameras from calibration files, whichever tool wrote them.

    file -- `text` -- `formats` -- tree -- `sections` -- what it says of each -- `values` -- arrays -- `load` -- Camera

A new format of text is one file in ``formats/`` and one line of its registry; a new name for a known quantity is one
word in `vocabulary`.
"""

from motionrecon.cameras.files.load import load_camera

__all__ = ["load_camera"]
