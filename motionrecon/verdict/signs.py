"""Signs of a motion's error that can be read without the truth: each is a number that grows as the motion is worse.

A sign is a function of the `Evidence`, and says in words what it found. What each is worth is fitted on clips whose
truth is known (`motionrecon.data.make_verdict`), and stands in `motionrecon.verdict.weights`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from motionrecon.core.landmarks import INDEX
from motionrecon.kinematics.certainty import spread
from motionrecon.kinematics.seated import knee_bends
from motionrecon.verdict.evidence import LIMBS, SURE, Evidence, about_the_hips
from motionrecon.views import View

#: Frames per second at which jumps between frames are looked at: of quicker films so many frames are left out.
_RATE = 30.0
#: How jumps grow with the time between frames of slower ones: those of somebody who moves evenly with its third power,
#: those of a detector that trembles not at all. Of 20 tuning clips at 15, 10, 7.5 and 5 frames a second the powers in
#: the mean are 0.74, 0.84, 0.92 and 1.02.
_GROWS = 0.9
#: Percentile that stands for the worst, of which single frames have no say.
_WORST = 95.0
#: Stretches of a clip that are asked what is left open in them, and their frames: more would tell the same.
_STRETCHES, _JUDGED = 3, 60
#: Millimetres to a metre.
_MM = 1e3


class Sign(NamedTuple):
    """A sign of error.

    Attributes:
        measure: its number; NaN where nothing tells.
        say: the number in words, for the user.
    """

    measure: Callable[[Evidence], float]
    say: Callable[[Evidence, float], str]


def unlike_the_detector(e: Evidence) -> float:
    """Mean distance, millimetres, between the limbs' joints and where the detector's own 3D has them, made as large.

    Both have seen the same pictures: where they differ, one of them is wrong.
    """
    return _mean_over_views(e, _unlike)


def _unlike(e: Evidence, view: View) -> Float[np.ndarray, " n"]:
    known = np.isfinite(view.points_3d[:, LIMBS]).all((1, 2)) & view.seen
    if not known.any():
        return np.zeros(0)
    ours, its = about_the_hips(view.camera.to_camera(e.marks))[known], about_the_hips(view.points_3d[:, LIMBS])[known]
    sizes = np.linalg.norm(ours, axis=-1), np.maximum(np.linalg.norm(its, axis=-1), 0.05)
    return np.asarray(_MM * np.linalg.norm(its * np.median(sizes[0] / sizes[1]) - ours, axis=-1).mean(1))


def off_the_keypoints(e: Evidence) -> float:
    """Mean distance, millimetres at the person, between the limbs' marks and all keypoints, sure or not."""
    return _mean_over_views(e, _off)


def _off(e: Evidence, view: View) -> Float[np.ndarray, " n"]:
    away = np.linalg.norm(view.camera.project(e.marks) - view.pixels[:, LIMBS], axis=-1) / e.scale(view)[:, None]
    return np.asarray(_MM * away[np.isfinite(away) & (view.weight[:, LIMBS] > 0)])


def jumping_keypoints(e: Evidence) -> float:
    """How far keypoints jump, millimetres at the person: the worst of their third differences at 30 frames a second.

    Of even motion they are small; fast limbs are blurred and mistaken, and a detector that errs trembles. Those of a
    slower film are told as what they would be at that rate.
    """
    return _mean_over_views(e, _jumps, lambda jumps: float(np.percentile(jumps, _WORST)))


def _jumps(e: Evidence, view: View) -> Float[np.ndarray, " n"]:
    every = max(1, round(e.fps / _RATE))
    places = (view.pixels[:, LIMBS] / e.scale(view)[:, None, None])[::every]
    jumps = np.linalg.norm(np.diff(places, 3, axis=0), axis=-1) * (e.fps / every / _RATE) ** _GROWS
    return np.asarray(_MM * jumps[np.isfinite(jumps)])


def limbs_speed(e: Evidence) -> float:
    """Mean speed of the limbs' joints about the hips, m/s."""
    if len(e.marks) < 2:
        return 0.0
    return float(np.linalg.norm(np.diff(about_the_hips(e.marks), axis=0), axis=-1).mean() * e.fps)


def left_open(e: Evidence) -> float:
    """Standard deviation, millimetres, that the evidence leaves of the joints: `motionrecon.kinematics.certainty`.

    Where nobody was seen for long all is open, which `not_seen` counts.
    """
    followed = np.flatnonzero(e.figure.tracked) if e.figure.tracked.any() else np.arange(len(e.figure))
    firsts = np.unique(np.linspace(0, max(0, len(followed) - _JUDGED), _STRETCHES).astype(int))
    stretches = [_longest_run(followed[first : first + _JUDGED], len(e.figure)) for first in firsts]
    return _MM * float(np.mean([spread(e.figure, LIMBS, frames).mean() for frames in stretches]))


def _longest_run(frames: Int[np.ndarray, " n"], T: int) -> slice:
    """The longest run of frames without a gap among ascending ones of `T`; of a single one, with those beside it."""
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    longest = max(runs, key=len)
    beside = int(len(longest) == 1)  # nothing moves in one
    return slice(max(0, int(longest[0]) - beside), min(T, int(longest[-1]) + 1 + beside))


def arms_along_the_sight(e: Evidence) -> float:
    """Mean difference in depth, millimetres, between the ends of upper arms and forearms.

    Whether a limb points to the camera or away from it looks much the same, and arms are mistaken the most.
    """
    return _mean_over_views(e, _along)


def _along(e: Evidence, view: View) -> Float[np.ndarray, " n"]:
    arms = [int(np.flatnonzero(INDEX[f"left_{joint}"] == LIMBS)[0]) for joint in ("shoulder", "elbow", "wrist")]
    depth = view.camera.to_camera(e.marks)[:, [[joint, joint + 1] for joint in arms], 2]  # the right ones come next
    return np.asarray(_MM * np.abs(np.diff(depth, axis=1)).mean((1, 2)))


def hardly_seen(e: Evidence) -> float:
    """Percent of the limbs' joints that no camera is sure of, where the person was seen."""
    sure = np.max([e.confidence(view) for view in e.figure.views], axis=0)[e.figure.seen] >= SURE
    return 100.0 * float(1.0 - sure.mean()) if sure.size else 100.0


def not_seen(e: Evidence) -> float:
    """Percent of the limbs' joints without a keypoint in any camera, over all frames of the shots that count."""
    sure = np.max([e.confidence(view) for view in e.figure.views], axis=0)[e.figure.shown]
    return 100.0 * float(np.mean(sure <= 0))


def small_in_the_picture(e: Evidence) -> float:
    """Millimetres of the person to a pixel, in the view that shows them largest."""
    return _MM / max(float(np.median(e.scale(view))) for view in e.figure.views)


def odd_lengths(e: Evidence) -> float:
    """How far the lengths are from those of somebody of this size, percent, root mean square."""
    return 100.0 * float(np.sqrt(np.mean(np.square(list(_length_ratios(e).values())))))


def odd_size(e: Evidence) -> float:
    """How far the size of all lengths is from what is usual of the height, percent."""
    return 100.0 * abs(_growth(e))


def in_the_air(e: Evidence) -> float:
    """Percent of the frames in which no foot stands."""
    return 100.0 * float(np.mean(~e.on_a_foot))


def standing_crouched(e: Evidence) -> float:
    """Degrees by which the straighter knee is bent, half the time, of somebody who stands still; NaN if nobody does.

    One camera hardly sees a bent knee that points at it: an upright person who comes out crouched is too near.
    """
    bend = np.degrees(knee_bends(e.course)).min(1)[e.stands_still]
    return float(np.median(bend)) if len(bend) else float("nan")


def standing_leaning(e: Evidence) -> float:
    """Degrees by which the trunk of somebody who stands still leans, half the time; NaN if nobody does."""
    shoulders, hips = (e.joints[:, [INDEX[f"left_{p}"], INDEX[f"right_{p}"]]].mean(1) for p in ("shoulder", "hip"))
    trunk = (shoulders - hips)[e.stands_still]
    lean = np.degrees(np.arccos(np.clip(trunk[:, 2] / np.maximum(np.linalg.norm(trunk, axis=1), 1e-9), -1, 1)))
    return float(np.median(lean)) if len(lean) else float("nan")


def moved_by_physics(e: Evidence) -> float:
    """Mean distance, millimetres, of the limbs' joints between the simulated motion and the fit to the film.

    A body that loses its balance, or cannot jump as high, leaves the film.
    """
    return _MM * float(e.moved.mean())


def focal_assumed(e: Evidence) -> float:
    """1 where the focal length of a camera is assumed, 0 where all are known."""
    return 0.0 if e.focal_given else 1.0


def height_assumed(e: Evidence) -> float:
    """1 where the person's height is assumed, 0 where it is known."""
    return 0.0 if e.height_given else 1.0


def without_depth(e: Evidence) -> float:
    """Percent of the frames in which nobody but the body tells how far away a joint is: no detector's 3D, one view."""
    if len(e.figure.views) > 1:
        return 0.0
    known = np.isfinite(e.figure.views[0].points_3d[:, LIMBS]).all((1, 2))
    return 100.0 * float(1.0 - known[e.figure.seen].mean()) if e.figure.seen.any() else 100.0


def _growth(e: Evidence) -> float:
    prior = e.figure.body.shape_prior
    grows = prior.growth > 0
    away = (e.figure.body.shape - prior.mean)[grows] / prior.growth[grows]
    return float(np.median(away)) if grows.any() else 0.0


def _length_ratios(e: Evidence) -> dict[str, float]:
    """Logarithms of the lengths over those usual beside the others."""
    body = e.figure.body
    prior = body.shape_prior
    usual = body.reshaped(prior.mean + prior.growth * _growth(e)).lengths
    return {name: float(np.log(length / usual[name])) for name, length in body.lengths.items()}


def _of_the_size(e: Evidence, percent: float) -> str:
    known = "given" if e.height_given else "assumed"
    return f"the person is {percent:.0f} % {'larger' if _growth(e) > 0 else 'smaller'} than the height that was {known}"


def _mean_over_views(
    e: Evidence,
    of: Callable[[Evidence, View], Float[np.ndarray, " n"]],
    summed: Callable[[Float[np.ndarray, " n"]], float] = lambda values: float(values.mean()),
) -> float:
    """The mean over cameras of what each tells; NaN where none does."""
    told = [values for view in e.figure.views if len(values := of(e, view))]
    return float(np.mean([summed(values) for values in told])) if told else float("nan")


#: Signs of how far joints are from where they were.
POSE: dict[str, Sign] = {
    "unlike_the_detector": Sign(
        unlike_the_detector, lambda e, mm: f"the detector's own 3D has the joints {mm:.0f} mm elsewhere"
    ),
    "off_the_keypoints": Sign(off_the_keypoints, lambda e, mm: f"the body is {mm:.0f} mm beside the keypoints"),
    "jumping_keypoints": Sign(jumping_keypoints, lambda e, mm: f"keypoints jump by up to {mm:.0f} mm between frames"),
    "limbs_speed": Sign(limbs_speed, lambda e, speed: f"the limbs move fast, at {speed:.1f} m/s on average"),
    "left_open": Sign(left_open, lambda e, mm: f"what was seen leaves the joints' places open by {mm:.0f} mm"),
    "arms_along_the_sight": Sign(
        arms_along_the_sight,
        lambda e, mm: f"arms point along the line of sight, by {mm:.0f} mm towards the camera or away",
    ),
    "hardly_seen": Sign(hardly_seen, lambda e, share: f"{share:.0f} % of the joints are hardly seen"),
    "not_seen": Sign(not_seen, lambda e, share: f"{share:.0f} % of the joints are not seen"),
    "small_in_the_picture": Sign(
        small_in_the_picture, lambda e, mm: f"the person is small in the picture, {mm:.1f} mm to a pixel"
    ),
    "odd_lengths": Sign(odd_lengths, lambda e, percent: f"lengths are {percent:.0f} % from a usual build"),
    "odd_size": Sign(odd_size, _of_the_size),
    "standing_crouched": Sign(
        standing_crouched, lambda e, angle: f"who stands still has knees bent by {angle:.0f} degrees"
    ),
    "standing_leaning": Sign(standing_leaning, lambda e, angle: f"who stands still leans by {angle:.0f} degrees"),
    "focal_assumed": Sign(focal_assumed, lambda e, assumed: "the focal length was assumed"),
    "height_assumed": Sign(height_assumed, lambda e, assumed: "the height was assumed"),
    "without_depth": Sign(
        without_depth, lambda e, share: f"the detector gives no depth in {share:.0f} % of the frames"
    ),
    "moved_by_physics": Sign(
        moved_by_physics, lambda e, mm: f"the simulation has the joints {mm:.0f} mm from where the film has them"
    ),
    "in_the_air": Sign(in_the_air, lambda e, share: f"no foot stands in {share:.0f} % of the frames"),
}
