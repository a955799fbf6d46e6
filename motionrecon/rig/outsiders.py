"""A view that on the whole does not meet the others: a calibration of another camera, one that was moved since.

What disagrees for a while is told from what is usual for the clip (`agreement`); what always does is usual, and told
here from what a detector's noise and a fair calibration leave. On the balancing clip, whose calibration is some
centimetres off, lines of sight of any of its cameras pass by each other by 28 mm at most in the mean, and one camera's
by where the others' meet by 82 mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionrecon.rig.agreement import Agreement, agreed
from motionrecon.rig.meeting import Meeting
from motionrecon.views import View

#: Lines of sight that pass by where they meet by more than this in the mean, metres, are not of one calibration.
#: Where none of three views and more is to blame, so much may be a detector's noise.
_BADLY, _NOISE = 0.03, 0.06
#: One view is to blame where they meet so many times better without it; it is sure where that is so many times better
#: than without any other view, too, and it passes by where the others meet by so much in half of the frames, metres.
_BETTER, _SURE = 0.6, 0.5
_FAR = 0.12
_ADVICE = "whether it is the calibration of this camera, and whether the camera was moved since"


@dataclass(frozen=True)
class Outsider:
    """What does not meet, for a whole clip.

    Attributes:
        view: the one that is to blame; None where that is not known.
        sure: whether it is better left out.
        misfit: how far lines of sight pass by where they meet, metres, in the mean.
        rest: the same without the view.
    """

    view: int | None
    sure: bool
    misfit: float
    rest: float

    def remark(self, names: Sequence[str]) -> str:
        """What the user should know; `names` are those of the views."""
        by = f"lines of sight pass by each other by {1e3 * self.misfit:.0f} mm"
        if self.view is None:
            return (
                f"what {' and '.join(names)} show of the person does not meet ({by}): check that they are of one "
                "calibration, that no camera was moved since, and that the same person is followed"
            )
        name = names[self.view]
        known = f"{by}, {1e3 * self.rest:.0f} mm without {name}"
        if self.sure:
            return f"{name} does not meet what the other views see ({known}); it was left out: check {_ADVICE}"
        return (
            f"what the views see of the person does not meet well, most likely for {name} ({known}): check {_ADVICE}, "
            "or reconstruct without it"
        )


def outsider(views: Sequence[View]) -> Outsider | None:
    """What does not meet on the whole; None if all is well.

    Args:
        views: of one person, on one clock, by cameras whose poses in one world are known; put right frame by frame.
    """
    meeting = Meeting.of(views)
    misfit = meeting.misfit()
    if not misfit > _BADLY:
        return None
    nobody = Outsider(None, False, misfit, misfit) if misfit > _NOISE else None
    here = np.flatnonzero(meeting.present.any(1))
    if len(here) < 3:
        return Outsider(None, False, misfit, misfit)
    rest = {int(view): meeting.without(int(view)).misfit() for view in here}
    known = {view: value for view, value in rest.items() if np.isfinite(value)}
    if len(known) < len(rest):  # some see too little at once to tell
        return nobody
    best, second = sorted(known, key=lambda view: known[view])[:2]
    if known[best] > _BETTER * misfit:
        return nobody
    sure = known[best] < _SURE * min(known[second], misfit) and _far(meeting, best) > _FAR
    return Outsider(best, sure, misfit, known[best])


def settled(views: Sequence[View], names: Sequence[str]) -> tuple[Agreement, tuple[str, ...]]:
    """Views that agree, without one that on the whole does not meet the others, and what the user should know.

    Args:
        views: as `agreed` takes them.
        names: of the views.
    """
    agreement = agreed(views)
    odd = outsider(agreement.views)
    if odd is None:
        return agreement, agreement.remarks(names)
    if odd.sure:  # what it made of the others is undone
        agreement = agreed([_unseen(view) if v == odd.view else view for v, view in enumerate(views)])
    return agreement, (odd.remark(names), *agreement.remarks(names))


def _far(meeting: Meeting, view: int) -> float:
    """How far a view's lines of sight pass by where those of the others meet, metres, in half of the frames."""
    points, _ = meeting.without(view).points()
    own = Meeting(meeting.cameras[view : view + 1], meeting.pixels[view : view + 1], meeting.weight[view : view + 1])
    missed = own.missed(points)
    missed = missed[np.isfinite(missed)]
    return float(np.median(missed)) if len(missed) else 0.0


def _unseen(view: View) -> View:
    """The view as if nobody had ever been seen in it."""
    return replace(view, weight=np.zeros_like(view.weight), seen=np.zeros_like(view.seen))
