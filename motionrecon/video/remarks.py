"""What the user should know about a film, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from motionrecon.video.pace import Pace
from motionrecon.video.stamps import Numbering
from motionrecon.video.upright import Stored

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

#: Gaps and breaks that a warning lists.
_MOST_TOLD = 5


def pace_of(path: Path, pace: Pace) -> list[str]:
    """That the film's own clock is uneven."""
    if not pace.variable:
        return []
    slow, fast = 1 / pace.steps.max(), 1 / max(pace.steps.min(), 1e-3)
    return [
        f"{path.name} has a variable frame rate ({slow:.3g} to {fast:.3g} fps); "
        f"its frames were put on an even clock of {pace.fps:.5g} fps"
    ]


def gaps(path: Path, pace: Pace, times: Float[np.ndarray, " N"], end: float) -> list[str]:
    """That pictures are held, and when."""
    starts, ends = times, np.append(times[1:], end)
    held = [(a, b) for a, b in zip(starts, ends, strict=True) if pace.is_gap(b - a)]
    if not held or (pace.variable and len(held) > _MOST_TOLD):
        return []
    told = ", ".join(f"{a:.2f} to {b:.2f} s" for a, b in held[:_MOST_TOLD])
    more = f" and {len(held) - _MOST_TOLD} more times" if len(held) > _MOST_TOLD else ""
    return [
        f"{path.name} has no pictures from {told} of the film{more}; the last one is held, and nobody is tracked there"
    ]


def mended(path: Path, numbering: Numbering, breaks: list[float]) -> list[str]:
    """What was wrong with the stamps."""
    said = []
    if numbering.counted:
        rate = "its header says" if numbering.said else "players assume"
        said.append(
            f"{path.name} has no time stamps; {numbering.rate:.5g} frames per second were taken, which {rate}: "
            "if it was filmed at another rate, all speeds and forces are wrong"
        )
    if breaks:
        told = ", ".join(f"{at:.2f} s" for at in breaks[:_MOST_TOLD])
        more = f" and {len(breaks) - _MOST_TOLD} more times" if len(breaks) > _MOST_TOLD else ""
        said.append(
            f"{path.name} has time stamps that start anew or jump at {told} of the film{more}; it was read on "
            "without a break"
        )
    return said


def looks(path: Path, first: VideoFrame, size: tuple[int, int], stretched: bool) -> list[str]:
    """What is special about the pictures."""
    said = []
    if stretched:
        said.append(f"{path.name} has pixels that are not square; its frames were stretched to {size[0]}x{size[1]}")
    if Stored.of(first).orientation.tilted:
        said.append(f"{path.name} asks to be shown tilted, which was left out but for quarter turns")
    if first.interlaced_frame:
        said.append(
            f"{path.name} is interlaced: two moments share each picture, and what moves has combs; "
            "deinterlace it for better keypoints"
        )
    return said


def cut_short(path: Path, broken: bool, length: float, promised: float | None) -> list[str]:
    """That the film ends before it should; ``promised`` is its length in seconds as the header has it, if it does."""
    if not broken and (promised is None or promised - length <= max(0.5, 0.05 * promised)):
        return []
    of = f" of {promised:.2f} s" if promised else ""
    return [f"{path.name} is damaged or cut short: {length:.2f} s{of} can be read"]
