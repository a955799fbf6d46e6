"""Views that disagree with the others for a while: exchanged sides, a lost person, somebody else.

Where several cameras see one person, their lines of sight meet, and the points where they meet are a body whose bones
keep their lengths. A frame in which that is worse than usual for the clip is looked at: what if one of the views had
left and right exchanged there, or were left out? Each of these stories has a cost, the disagreement that is left, and
so has each change of story from one frame to the next: the body may not jump, and a view begins or ends to show
somebody else with a jump in its picture. Dynamic programming finds the cheapest. Two views alone do not tell which of
them is wrong; those jumps do.

What is usual comes from the clip itself, so that cameras that stand a little elsewhere than their calibration says, or
are a fraction of a frame late, do not count as disagreeing. Single landmarks are left to the fit's robust cost: to
trust them less where they pass by the other views' made no clip better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.core.landmarks import MIRROR, NAMES
from motionrecon.rig.meeting import Meeting
from motionrecon.views import View

_ARM = ("elbow", "wrist", "pinky", "index", "thumb")
_LEG = ("knee", "ankle", "heel", "foot_index")
#: What is exchanged together, as (K, 33) bool: everything, the legs alone, the arms alone.
_PARTS = np.array([[moving is None or name.endswith(moving) for name in NAMES] for moving in (None, _LEG, _ARM)])

#: All costs are metres. A frame is looked at if its cost is so much above the usual one, and so many times the usual
#: spread; or this much for each view, whatever is usual.
_UNUSUAL, _SPREADS, _ANYWAY = 0.03, 4.0, 0.1
#: A view is left out where its share of the cost is so much above the usual one, and so many times the usual spread.
_TROUBLE = 0.035
#: Sides are exchanged only where that takes away this share of what is unusual.
_RELIEF = 0.5
#: What a change of story costs, and more if no jump in the view's picture explains it.
_SWITCH, _UNEXPLAINED = 0.02, 0.07
#: How far a landmark can seem to move from one frame to the next where stories change.
_FARTHEST_STEP = 0.5
#: Frames that say what is usual: at most, and, of those with as many views, at least.
_SAMPLE, _FEWEST = 200, 8


@dataclass(frozen=True)
class Agreement:
    """Views that agree.

    Attributes:
        views: with exchanged sides put back, and unseen where they were left out.
        exchanged: (V, T) where left and right, or those of the legs or the arms, were put back.
        left_out: (V, T) where a view that had seen somebody was left out.
    """

    views: tuple[View, ...]
    exchanged: Bool[np.ndarray, "V T"]
    left_out: Bool[np.ndarray, "V T"]

    def remarks(self, names: Sequence[str]) -> tuple[str, ...]:
        """What the user should know, a sentence for each view and kind; `names` are those of the V views."""
        said = []
        for view, name, exchanged, left_out in zip(self.views, names, self.exchanged, self.left_out, strict=True):
            if exchanged.any():
                said.append(
                    f"the detector exchanged left and right in {_when(exchanged, view, f' of {name}')}, as the other "
                    "views tell; this was undone"
                )
            if left_out.any():
                said.append(
                    f"what {name} shows in {_when(left_out, view)}, does not meet what the other views see of the "
                    "person; it was left out"
                )
        return tuple(said)


def _when(frames: Bool[np.ndarray, " T"], view: View, of: str = "") -> str:
    """How many frames, and when the first and the last of them are."""
    first, last = np.flatnonzero(frames)[[0, -1]].tolist()
    return f"{int(frames.sum())} of {len(frames)} frames{of}, within {view.clock.told((first, last + 1))}"


def agreed(views: Sequence[View]) -> Agreement:
    """Put exchanged sides back where they then meet what other views see, and leave out what meets nothing.

    Args:
        views: of one person, on one clock, by cameras whose poses in one world are known. Frames in which only one of
            them sees anybody stay as they are.
    """
    found = tuple(views)
    exchanged = np.zeros((len(found), len(found[0])), dtype=bool)
    left_out = np.zeros_like(exchanged)
    doubted = np.zeros(len(found[0]), dtype=bool)
    for _ in found:  # one view a frame at a time
        sides, out, odd = _mistaken(Meeting.of(found), doubted)
        if not (sides.any() or out.any()):
            break
        doubted |= odd
        found = tuple(_unseen(_exchanged(view, s), o) for view, s, o in zip(found, sides, out, strict=True))
        exchanged |= sides.any(1)
        left_out |= out
    return Agreement(found, exchanged, left_out)


def _exchanged(view: View, sides: Bool[np.ndarray, "K T"]) -> View:
    """The view with left and right of some of the parts exchanged in some frames."""
    if not sides.any():
        return view
    members = np.any(sides[:, :, None] & _PARTS[:, None], axis=0)
    take = np.where(members, MIRROR, np.arange(len(NAMES)))
    rows = np.arange(len(view))[:, None]
    return replace(
        view, pixels=view.pixels[rows, take], weight=view.weight[rows, take], points_3d=view.points_3d[rows, take]
    )


def _unseen(view: View, frames: Bool[np.ndarray, " T"]) -> View:
    """The view as if nobody had been seen in some frames."""
    if not frames.any():
        return view
    return replace(view, weight=np.where(frames[:, None], 0.0, view.weight), seen=view.seen & ~frames)


def _mistaken(
    meeting: Meeting, doubted: Bool[np.ndarray, " T"]
) -> tuple[Bool[np.ndarray, "V K T"], Bool[np.ndarray, "V T"], Bool[np.ndarray, " T"]]:
    """Where which view has sides exchanged of which part, and where it is to be left out; one view a frame.

    Args:
        meeting: of the views.
        doubted: frames that do not say what is usual.

    Returns:
        those, and the frames that were looked at.
    """
    V, T = meeting.weight.shape[:2]
    sides, out = np.zeros((V, len(_PARTS), T), dtype=bool), np.zeros((V, T), dtype=bool)
    points, missed = meeting.points()
    lengths = _medians(meeting.lengths(points))
    cost = missed + meeting.oddness(points, lengths)
    count = meeting.present.sum(0)
    several = count > 1
    usual, spread = _usual(cost, count, several & ~doubted)
    odd = several & ((cost > usual + np.maximum(_UNUSUAL, _SPREADS * spread)) | (cost > _ANYWAY * count))
    frames = np.flatnonzero(odd)
    if len(frames) == 0:
        return sides, out, odd
    here = meeting.part(frames)
    stories = [_Story(cost[frames], points[frames], None)]
    enough = usual[frames] + (1 - _RELIEF) * (cost - usual)[frames]
    for view, part in np.ndindex(V, len(_PARTS)):
        meet, there = here.exchanged(view, _PARTS[part]).cost(lengths)
        stories.append(_Story(np.where(here.present[view] & (there < enough), there, np.inf), meet, view))
    for view in range(V):
        meet, there = here.without(view).cost(lengths)
        share = _usual_share(meeting, view, cost, np.flatnonzero(several & ~odd & ~doubted), lengths)[frames]
        stories.append(_Story(np.where(here.present[view], there + share, np.inf), meet, view))
    told = _cheapest(frames, stories, points, meeting.jumps())
    for story, (view, part) in enumerate(np.ndindex(V, len(_PARTS)), start=1):
        sides[view, part, frames] = told == story
    for view in range(V):
        out[view, frames] = told == 1 + sides[:, :, 0].size + view
    return sides, out, odd


def _usual_share(
    meeting: Meeting,
    view: int,
    cost: Float[np.ndarray, " T"],
    frames: Int[np.ndarray, " n"],
    lengths: Float[np.ndarray, " B"],
) -> Float[np.ndarray, " T"]:
    """A view's share of the cost, by which it falls without the view, from where on it is in the wrong; in any frame.

    Args:
        meeting, view, cost, lengths: the view's among the others', and what was found with it.
        frames: usual ones; where they are too few to know, the share is infinite.
    """
    present, share = meeting.present, np.zeros_like(cost)
    frames = frames[present[view, frames]]
    if len(frames) < _FEWEST:
        return np.full_like(cost, np.inf)
    frames = frames[:: -(-len(frames) // _SAMPLE)]
    _, there = meeting.part(frames).without(view).cost(lengths)
    share[frames] = cost[frames] - there
    sampled = np.isin(np.arange(len(cost)), frames)
    usual, spread = _usual(share, present.sum(0), sampled)
    return usual + np.maximum(_TROUBLE, _SPREADS * spread)


@dataclass(frozen=True)
class _Story:
    """What may have happened in n frames.

    Attributes:
        cost: metres; infinite where it did not happen.
        points: where the lines of sight then meet.
        view: the one that was mistaken, if one was.
    """

    cost: Float[np.ndarray, " n"]
    points: Float[np.ndarray, "n P 3"]
    view: int | None


def _cheapest(
    frames: Int[np.ndarray, " n"],
    stories: Sequence[_Story],
    points: Float[np.ndarray, "T P 3"],
    jumps: Float[np.ndarray, "V T"],
) -> Int[np.ndarray, " n"]:
    """Which of the stories is told in each of the frames.

    Args:
        frames: ascending.
        stories: the first is that all views are right, which is told in all other frames.
        points: where the lines of sight meet if it is.
        jumps: of the views.
    """
    cost = np.stack([story.cost for story in stories], axis=1)
    meet = np.stack([story.points for story in stories], axis=1)
    step = _moved(points[:-1], points[1:])
    usual = float(np.median(step[np.isfinite(step)])) if np.isfinite(step).any() else 0.0
    unexplained = np.zeros((len(stories), len(points)))
    for row, story in zip(unexplained, stories, strict=True):
        if story.view is not None:
            row[:] = _UNEXPLAINED * (1 - jumps[story.view])
    right = np.full((len(points), len(stories), *points.shape[1:]), np.nan)

    def change(
        t: int, before: Float[np.ndarray, "S P 3"], after: Float[np.ndarray, "S P 3"]
    ) -> Float[np.ndarray, "S S"]:
        """What it costs to go from each story in frame t - 1 to each in frame t."""
        moved = np.maximum(np.nan_to_num(_moved(before[:, None], after[None])) - usual, 0.0)
        steps = _SWITCH + moved + unexplained[:, None, t] + unexplained[None, :, t]
        np.fill_diagonal(steps, 0.0)
        return np.asarray(steps)

    told = np.zeros(len(frames), dtype=int)
    for run in np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > 1) + 1):
        at = np.arange(frames[run[0]] - 1, frames[run[-1]] + 2)
        at = at[(at >= 0) & (at < len(points))]
        inside = np.isin(at, frames[run])
        price = np.where(np.arange(len(stories)) == 0, 0.0, np.inf) * np.ones((len(at), 1))
        where = right[at]
        where[:, 0] = points[at]
        price[inside], where[inside] = cost[run], meet[run]
        changes = [change(int(t), *pair) for t, pair in zip(at[1:], pairwise(where), strict=True)]
        told[run] = _path(price, changes)[inside]
    return told


def _path(price: Float[np.ndarray, "n S"], changes: Sequence[Float[np.ndarray, "S S"]]) -> Int[np.ndarray, " n"]:
    """The cheapest way through n frames with a price for each of S states, and for each change to the next frame."""
    total, came = price[0], []
    for here, change in zip(price[1:], changes, strict=True):
        through = total[:, None] + change
        came.append(through.argmin(0))
        total = through.min(0) + here
    way = [int(total.argmin())]
    for before in reversed(came):
        way.append(int(before[way[-1]]))
    return np.array(way[::-1])


def _moved(before: Float[np.ndarray, "*#a P 3"], after: Float[np.ndarray, "*#a P 3"]) -> Float[np.ndarray, "*a"]:
    """How far points have moved on average, each at most `_FARTHEST_STEP`; NaN where none is known before and after."""
    step = np.minimum(np.linalg.norm(after - before, axis=-1), _FARTHEST_STEP)
    known = np.isfinite(step)
    mean = np.where(known, step, 0.0).sum(-1) / np.maximum(known.sum(-1), 1)
    return np.where(known.any(-1), mean, np.nan)


def _medians(values: Float[np.ndarray, "T B"]) -> Float[np.ndarray, " B"]:
    """The median of each column's finite values; 0 where there are none."""
    return np.array(
        [np.median(column[np.isfinite(column)]) if np.isfinite(column).any() else 0.0 for column in values.T]
    )


def _usual(
    value: Float[np.ndarray, " T"], count: Int[np.ndarray, " T"], known: Bool[np.ndarray, " T"]
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """The median of known values, and the median distance from it, among frames in which as many views see anybody."""
    middle, spread = np.zeros(len(value)), np.zeros(len(value))
    for views in np.unique(count):
        alike = known & (count == views)
        sample = value[alike if alike.sum() >= _FEWEST else known]
        if len(sample):
            middle[count == views] = np.median(sample)
            spread[count == views] = np.median(np.abs(sample - np.median(sample)))
    return middle, spread
