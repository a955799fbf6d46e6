"""The same person in every view: who is who where several cameras see several people.

Two sightings in two views are of one person if their lines of sight meet at all times, at a body of a person's size.
Where it is not known how the cameras stand to each other, they are if one turn, the same at all times, carries what the
detector guessed of the one's bones to the other's. Everybody is looked for a few times a second only, which is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.cameras.base import Camera
from motionrecon.core import so3
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import BONES, INDEX, TRUST
from motionrecon.keypoints.tracks import Track
from motionrecon.rig.meeting import Meeting
from motionrecon.rig.triangulation import triangulate
from motionrecon.views import View

#: Seconds between two looks at somebody across which they are taken to move straight on.
_BETWEEN = 0.6
#: Times at which both must be seen, at least, and those that are compared, at most.
_FEWEST, _MOST = 2, 40
#: Lines of sight of one person pass by each other by less than this, metres, at half of the times.
_APART = 0.09
#: Metres from shoulders to hips between which people are.
_TRUNK = (0.25, 0.9)
#: How unlike they are where lines of sight meet at nobody of that size.
_NOBODY = 9.0
#: How different the directions of bones may be that one turn is to carry onto each other, root mean square: guesses
#: of one person from about the same side differ by 0.9, from opposite sides by 1.2, as do those of two people at least.
_TURNED = 1.25
#: Somebody else who is hardly more unlike than this many times leaves it in doubt who is who.
_IN_DOUBT = 1.1
#: Seconds by which cameras may have started apart where it is not said, at most, and the step in which that is tried.
_LATE, _STEP = 10.0, 0.2
#: What a second of difference costs: of equals the smallest is taken.
_DOUBT = 1e-3
#: Somebody's box is widened by this share of its longer side where they are looked for in it.
_MARGIN = 0.25

_START, _END = np.array([(INDEX[a], INDEX[b]) for a, b in BONES]).T


@dataclass(frozen=True)
class Sighting:
    """Somebody whom one camera saw at n times.

    Attributes:
        time: seconds on the camera's own clock, ascending.
        pixels: without the lens's distortion; NaN where unknown.
        weight: root weights; 0 where nothing is known.
        points_3d: the detector's guess: metres, about the hips, in the camera's axes; NaN where there is none.
    """

    time: Float[np.ndarray, " n"]
    pixels: Float[np.ndarray, "n 33 2"]
    weight: Float[np.ndarray, "n 33"]
    points_3d: Float[np.ndarray, "n 33 3"]

    @staticmethod
    def of(track: Track, every: float, camera: Camera) -> Sighting:
        """That of a track whose frames are `every` seconds apart."""
        pixels = camera.undistort(np.array([d.pixels for d in track.detections], dtype=float))
        confidence = np.array([d.confidence for d in track.detections], dtype=float)
        known = np.isfinite(pixels).all(-1)
        return Sighting(
            np.array(track.frames) * every,
            pixels,
            np.where(known, TRUST * np.sqrt(confidence), 0.0),
            np.array([d.points_3d for d in track.detections], dtype=float),
        )

    def at(self, time: Float[np.ndarray, " m"]) -> Sighting:
        """What was or would have been seen at other times; nothing where the nearest looks are too far apart."""
        after = np.clip(np.searchsorted(self.time, time), 1, max(1, len(self.time) - 1))
        after = np.minimum(after, len(self.time) - 1)
        before = np.maximum(after - 1, 0)
        gap = self.time[after] - self.time[before]
        share = np.where(gap > 0, (time - self.time[before]) / np.where(gap > 0, gap, 1.0), 0.0)
        near = (share > -1e-6) & (share < 1 + 1e-6) & (gap <= _BETWEEN)
        near |= np.abs(time - self.time[before]) < 1e-3
        near |= np.abs(time - self.time[after]) < 1e-3
        a, b = (1 - share)[:, None, None], share[:, None, None]
        weight = np.minimum(self.weight[before], self.weight[after])
        return Sighting(
            time,
            a * self.pixels[before] + b * self.pixels[after],
            np.where(near[:, None], weight, 0.0),
            a * self.points_3d[before] + b * self.points_3d[after],
        )

    def seen_by(self, camera: Camera) -> View:
        """It as a view whose frames are the times."""
        return View(camera, Clock(1.0), self.pixels, self.weight, self.points_3d, np.asarray((self.weight > 0).any(1)))


#: How unlike somebody whom a view saw is to one whom other views saw, by number, all on one clock: below 1 they may be
#: the same person; infinite where nothing tells.
Unlike = Callable[[Mapping[int, Sighting], int, Sighting], float]


def by_meeting(cameras: Sequence[Camera]) -> Unlike:
    """Whether lines of sight meet, by cameras whose poses in one world are known, at somebody of a person's size."""

    def unlike(known: Mapping[int, Sighting], view: int, other: Sighting) -> float:
        costs = [_passing(cameras, known, view, other)] if len(known) > 1 else []
        if not np.isfinite(costs).any():
            costs = [_passing(cameras, {v: one}, view, other) for v, one in known.items()]
        told = [cost for cost in costs if np.isfinite(cost)]
        return float(np.mean(told)) if told else np.inf

    return unlike


def _passing(cameras: Sequence[Camera], known: Mapping[int, Sighting], view: int, other: Sighting) -> float:
    """How far a view's lines of sight pass by where those of others meet, or by those of one other, as an `Unlike`."""
    (*others, here) = _together(*known.values(), other)
    if len(here.time) < _FEWEST:
        return np.inf
    seen = {v: one.seen_by(cameras[v]) for v, one in zip(known, others, strict=True)}
    own = here.seen_by(cameras[view])
    if len(seen) == 1:
        points, missed = Meeting.of([*seen.values(), own]).points()
        missed = missed / 2
    else:
        points, _ = Meeting.of(list(seen.values())).points()
        missed = Meeting.of([own]).missed(points) / 2  # as if the others gave way, too
    trunk = Meeting.trunk(points)
    trunk = trunk[np.isfinite(trunk)]
    if len(trunk) < _FEWEST:
        return np.inf
    if not _TRUNK[0] < np.median(trunk) < _TRUNK[1]:
        return _NOBODY
    return float(np.median(missed[np.isfinite(missed)])) / _APART


def by_turning(known: Mapping[int, Sighting], view: int, other: Sighting) -> float:
    """Whether one turn carries the detector's guesses onto each other: an `Unlike` of cameras with unknown poses."""
    told = [cost for one in known.values() if np.isfinite(cost := _turned(*_together(one, other)))]
    return float(np.mean(told)) if told else np.inf


def _turned(one: Sighting, other: Sighting) -> float:
    """How different bones point that one turn carries onto each other, as an `Unlike`."""
    bones = [s.points_3d[:, _END] - s.points_3d[:, _START] for s in (one, other)]
    known = np.isfinite(bones[0]).all(-1) & np.isfinite(bones[1]).all(-1)
    if known.any(1).sum() < _FEWEST:
        return np.inf
    a, b = (bone[known] / np.maximum(np.linalg.norm(bone[known], axis=-1, keepdims=True), 1e-9) for bone in bones)
    turn = so3.aligning(a, b)
    return float(np.sqrt(((a @ turn.T - b) ** 2).sum(-1).mean())) / _TURNED


def _together(*sightings: Sighting) -> list[Sighting]:
    """Sightings on one clock at the times at which all of them see somebody."""
    time = np.unique(np.round(np.concatenate([one.time for one in sightings]), 6))
    there = [one.at(time) for one in sightings]
    both = np.flatnonzero(np.all([one.weight > 0 for one in there], axis=0).any(1))
    both = both[:: -(-max(1, len(both)) // _MOST)]
    return [_some(one, both) for one in there]


def _some(one: Sighting, times: Int[np.ndarray, " m"]) -> Sighting:
    return Sighting(one.time[times], one.pixels[times], one.weight[times], one.points_3d[times])


def numbered(
    people: Sequence[Sequence[Sighting]], unlike: Unlike, late: Sequence[float | None]
) -> tuple[Int[np.ndarray, "N V"], tuple[float, ...]]:
    """Who is who: the number that each person has in each view.

    Args:
        people: in each of V views, in the order of that view's own numbers.
        unlike: how unlike two of them are.
        late: seconds by which each view's clock starts after the first one's; None to find out as far as this needs it.

    Returns:
        a row for each person, in the order of the first view's numbers, then those whom only later views see: their
        places in the views' lists, -1 where a view does not see them; and the seconds by which clocks start.
    """
    started = [0.0]
    for view in range(1, len(people)):
        given = late[view]
        started.append(_best_start(people, unlike, view) if given is None else given)
    all_of_them = [[_late(one, seconds) for one in seen] for seen, seconds in zip(people, started, strict=True)]
    groups = [{view: k} for view, seen in enumerate(all_of_them) for k in range(len(seen))]
    for one, other in _likest(all_of_them, unlike):
        first, second = (next(g for g in groups if g.get(view) == k) for view, k in (one, other))
        if not first.keys() & second.keys() and _may_be_one(all_of_them, unlike, first, second):
            groups.remove(second)
            first |= second
    groups.sort(key=lambda g: min(g.items()))
    return np.array([[g.get(view, -1) for view in range(len(people))] for g in groups], dtype=int).reshape(
        -1, len(people)
    ), tuple(started)


def _likest(people: Sequence[Sequence[Sighting]], unlike: Unlike) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs in two views, as (view, place) each, who may be one person, those who are most alike first."""
    each = [(view, k) for view, seen in enumerate(people) for k in range(len(seen))]
    costs = [
        (unlike({v: people[v][k]}, w, people[w][j]), (v, k), (w, j))
        for n, (v, k) in enumerate(each)
        for w, j in each[n + 1 :]
        if w != v
    ]
    return [(one, other) for cost, one, other in sorted(costs) if cost < 1.0]


def _may_be_one(
    people: Sequence[Sequence[Sighting]], unlike: Unlike, first: Mapping[int, int], second: Mapping[int, int]
) -> bool:
    """Whether what some views saw of somebody, and others of another, may all be one person."""
    for group, others in ((first, second), (second, first)):
        known = {view: people[view][k] for view, k in group.items()}
        if len(known) > 1 and any(unlike(known, view, people[view][k]) >= 1.0 for view, k in others.items()):
            return False
    return True


def in_doubt(
    people: Sequence[Sequence[Sighting]],
    unlike: Unlike,
    rows: Int[np.ndarray, "N V"],
    started: Sequence[float],
    person: int,
) -> list[int]:
    """The views in which somebody else is about as like to a person as the one who was taken.

    Args:
        people, unlike: as in `numbered`.
        rows, started: what it returned.
        person: a row.
    """
    all_of_them = [[_late(one, seconds) for one in seen] for seen, seconds in zip(people, started, strict=True)]
    views = []
    for view, j in enumerate(rows[person].tolist()):
        known = {v: all_of_them[v][k] for v, k in enumerate(rows[person].tolist()) if k >= 0 and v != view}
        if j < 0 or not known:
            continue
        cost = [unlike(known, view, one) for one in all_of_them[view]]
        rivals = [cost[k] for k in range(len(cost)) if k != j]
        if rivals and min(rivals) < _IN_DOUBT * cost[j]:
            views.append(view)
    return views


def _best_start(people: Sequence[Sequence[Sighting]], unlike: Unlike, view: int) -> float:
    """By how many seconds a view's clock seems to start after the first one's; 0 where there is nobody to tell."""
    if not (people[0] and people[view]):
        return 0.0
    longest = max(float(one.time[-1]) for one in (*people[0], *people[view]))
    steps = int(min(_LATE, longest / 2) / _STEP)

    def total(seconds: float) -> float:
        found = [[unlike({0: one}, view, _late(other, seconds)) for other in people[view]] for one in people[0]]
        cost = np.minimum(np.nan_to_num(found, posinf=1.0), 1.0)
        return float(sum(cost[pair] - 1.0 for pair in _pairs(cost)) + _DOUBT * abs(seconds))

    return min((_STEP * k for k in range(-steps, steps + 1)), key=total)


def _pairs(cost: Float[np.ndarray, "N M"]) -> list[tuple[int, int]]:
    """Who goes with whom so that all together are least unlike."""
    from scipy.optimize import linear_sum_assignment

    return [(int(i), int(j)) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < 1.0]


def _late(one: Sighting, seconds: float) -> Sighting:
    """It on a clock that started so many seconds earlier."""
    return replace(one, time=one.time + seconds)


def whereabouts(
    cameras: Sequence[Camera],
    seen: Sequence[Sighting | None],
    late: Sequence[float],
    view: int,
    time: Float[np.ndarray, " T"],
) -> Float[np.ndarray, "T 4"] | None:
    """Where a view ought to show somebody whom two others saw.

    Args:
        cameras: whose poses in one world are known.
        seen: what each saw of them, if anything.
        late: seconds by which clocks start after the first one's.
        view: the one in which they are to be looked for.
        time: on its own clock.

    Returns:
        (x0, y0, x1, y1), pixels: boxes of one size that follow them; None where they are not known to be.
    """
    others = [v for v, one in enumerate(seen) if one is not None and v != view]
    if len(others) < 2:
        return None
    shared = time + late[view]
    there = [one.at(shared - late[v]) for v, one in enumerate(seen) if one is not None and v != view]
    points, _ = triangulate(
        [cameras[v] for v in others], np.stack([s.pixels for s in there]), np.stack([s.weight for s in there])
    )
    pixels = cameras[view].project_through_lens(points)
    known = np.isfinite(pixels).all(-1).sum(1) > pixels.shape[1] // 2
    if not known.any():
        return None
    low, high = np.nanmin(pixels[known], axis=1), np.nanmax(pixels[known], axis=1)
    middle = np.stack([np.interp(time, time[known], row) for row in (0.5 * (low + high)).T], axis=1)
    half = (0.5 + _MARGIN) * float(np.percentile((high - low).max(1), 90))
    return np.concatenate([middle - half, middle + half], axis=1)
