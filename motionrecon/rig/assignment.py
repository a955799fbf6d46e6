"""Which camera took which video: whether the one that was said fits, and which one fits far better.

Another camera of the same calibration is as good a camera as the right one: nothing about one view alone shows it. But
its lines of sight pass by those of the others. Measured on the balancing clip (heavy and full, every two, three and
four of its cameras): by 0.7 to 3 cm with the right cameras, by 3 to 11 cm with the best of the wrong ones, which is at
least twice what the right ones have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from pathlib import Path

from motionrecon.cameras.base import Camera
from motionrecon.cameras.files import camera_names, load_rig
from motionrecon.core.progress import Progress, as_progress
from motionrecon.errors import InputError
from motionrecon.rig.meeting import Meeting
from motionrecon.rig.sampling import spread_out
from motionrecon.views import View

#: Lines of sight that pass each other by more than this on average, metres, raise the question; and those of another
#: assignment must pass by less than this share of that, and by less than so many metres, to be the answer.
QUESTION, BETTER, ANSWER = 0.03, 0.5, 0.04
#: Frames that are looked at, evenly over the clip, and assignments that are all tried; of more, those one step away.
_FRAMES, _ALL = 60, 400


def misfit(views: Sequence[View]) -> float:
    """Metres by which the lines of sight of views on one clock pass each other on average; NaN where none meet."""
    return Meeting.of([_some(view) for view in views]).misfit()


def _some(view: View) -> View:
    """The frames that are looked at."""
    return view.part(spread_out(len(view), _FRAMES))


def doubt(
    views: Sequence[View],
    names: Sequence[str],
    file: Path,
    again: Callable[[int, Camera], View],
    progress: Progress | None = None,
) -> str:
    """Why it is to be doubted that each camera took the video that it was said to; empty where it is not.

    Args:
        views: of one person, on one clock, each with the camera that it was said to be of.
        names: of these cameras.
        file: the calibration, with all cameras that there are.
        again: the view of another camera in one of the videos, with an offset that does not depend on the cameras.
        progress: told how many assignments have been tried.
    """
    now = misfit(views)
    if not now > QUESTION:
        return ""
    # The offsets may be to blame.
    now = min(now, misfit([again(video, view.camera) for video, view in enumerate(views)]))
    better = likelier(names, _cameras(file, views), again, progress)
    if better is None or not (better[1] < BETTER * now and better[1] < ANSWER):
        return ""
    one, other = (f"{100 * metres:.1f} cm" for metres in (now, better[1]))
    return (
        f"lines of sight of the cameras pass each other by {one} on average, and would by {other} if the videos' "
        f"cameras were {', '.join(better[0])} instead of {', '.join(names)}: that is probably so; give "
        f"camera_name=... in the videos' order, {' '.join(better[0])}"
    )


def likelier(
    names: Sequence[str],
    cameras: Mapping[str, Sequence[Camera]],
    again: Callable[[int, Camera], View],
    progress: Progress | None = None,
) -> tuple[tuple[str, ...], float] | None:
    """The other assignment of cameras to videos that fits best, and its `misfit`; None where there is none.

    Args:
        names: of the cameras in the given assignment.
        cameras: all that there are, by name, each as fitted to each of the videos' sizes.
        again: the view of a camera in one of the videos; all on one clock. It is asked once for each.
        progress: told how many assignments have been tried.
    """
    seen = {name: [_some(again(video, camera)) for video, camera in enumerate(of)] for name, of in cameras.items()}
    best: tuple[tuple[str, ...], float] | None = None
    orders = list(_orders(list(cameras), names))
    with as_progress(progress).stage("which camera took which video", len(orders)) as advance:
        for order in orders:
            value = misfit([seen[name][video] for video, name in enumerate(order)])
            if value < (math.inf if best is None else best[1]):
                best = order, value
            advance(1)
    return best


def _cameras(file: Path, views: Sequence[View]) -> dict[str, tuple[Camera, ...]]:
    """All cameras of a file, each as fitted to the size of each video; without those that do not fit all of them."""
    names, sizes = camera_names(file), {view.camera.image_size for view in views}
    fitted: dict[tuple[int, int], dict[str, Camera]] = {}
    for size in sizes:
        try:
            fitted[size] = dict(zip(names, load_rig(file, names, [size] * len(names))[0], strict=True))
        except InputError:  # a camera of another shape, or one without a place
            return {}
    return {name: tuple(fitted[view.camera.image_size][name] for view in views) for name in names}


def _orders(known: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Other assignments: all, or where these are too many, those with one camera replaced or two exchanged."""
    if math.perm(len(known), len(names)) <= _ALL:
        yield from (order for order in permutations(known, len(names)) if order != tuple(names))
        return
    now = list(names)
    for video in range(len(now)):
        for name in (name for name in known if name not in now):
            yield (*now[:video], name, *now[video + 1 :])
    for i, j in combinations(range(len(now)), 2):
        swapped = list(now)
        swapped[i], swapped[j] = now[j], now[i]
        yield tuple(swapped)
