"""Whether a motion can be a person's: what is said when it can hardly be, with the likely cause and what to do.

A check is a function that looks at the outcome of a reconstruction and returns a sentence, or None where nothing is
odd; a new one is a function and a line of `CHECKS`. The bounds are those of people, wide enough that no ordinary clip
meets them; they say nothing of how exact a motion within them is. How good a motion is as a whole is the verdict's to
say, which counts much of this among other signs: a check says what is odd, at what moment it is not to be trusted, and
what to look at, but never that the motion is wrong, lest it contradict a verdict printed beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.body.proportions import Proportions
from motionrecon.core.gravity import GRAVITY
from motionrecon.core.landmarks import INDEX, NAMES
from motionrecon.errors import SimulationError
from motionrecon.verdict.judge import FEET_CUT_OFF

if TYPE_CHECKING:
    from motionrecon.body.base import Body
    from motionrecon.cameras.base import Camera
    from motionrecon.core.clock import Clock
    from motionrecon.ground.base import Ground

#: Standard deviations of people of one height that a length may be off. At 4, one adult in 10,000 is beyond it.
_UNUSUAL = 4.0
#: Standard deviations from which on a length of such a build is named: on tuning clips of rendered people such lengths
#: are truly off by 80 % of what they are odd by, to the same side in 94 % of them. Of those 2 to 2.5 off, it is 68 %.
_NAMED = 2.5
#: Logarithm of the size by which a person may be off the height that was given, with a calibration, which knows how far
#: away the person is, and without one.
_ANOTHER_SIZE = (0.12, 0.15)
#: Metres by which the lowest point of a person may be above the floor for most of a clip (a stage, a treadmill, a box),
#: and below it.
_ABOVE, _BELOW = 0.6, 0.25
#: Metres by which the floor may be found off the calibration's; a treadmill's deck is 0.05 to 0.2 high, a carpet less.
_MOVED = 0.1
#: Metres from the camera, nearer and farther than which people are not filmed whole.
_NEAR, _FAR = 0.6, 60.0
#: Pixels that a person needs to be tall; at 60 the detector is off by a sixteenth of the person.
_TALL = 60.0
#: Share of the frames in which the feet may be outside the picture; from `FEET_CUT_OFF` on the verdict counts it, too.
_CUT_OFF = 0.3
#: Reprojection error in percent of the person's height; ordinary clips have 1 to 2.
_OFF = 5.0
#: Metres per second: of the pelvis, the fastest sprint reached 12.4; of a hand or foot, pitchers and kickers reach 30.
_FASTEST, _FASTEST_LIMB = 13.0, 40.0
#: Body weights on the feet. Running has 2.5 to 3, landing on both feet from a jump 3 to 5.
_HEAVIEST = 5.0
#: Body weights by which the force may stand out for less than `_SPIKE` seconds: a heel strike, the sharpest thing that
#: people do to the ground, rises so fast, but does not fall again at once. In the exact force of the demo's walk, at 30
#: frames a second, they stand out by up to 0.99.
_OUTSTANDING, _SPIKE = 1.15, 0.035
#: Body weights from one frame to the next.
_JUMP = 2.5
#: Seconds in the air; a jump of one metre's height takes 0.9.
_AIRBORNE = 0.95
#: Degrees from the vertical at which a trunk counts as lying, and shares of a clip from which on it is said.
_LYING, _ALWAYS = 60.0, 0.9
_UPSIDE_DOWN, _OFTEN = 120.0, 0.5


@dataclass(frozen=True)
class Outcome:
    """What a reconstruction found, as far as the checks look at it.

    Attributes:
        body: the person.
        camera: the camera, where it was found.
        clock: of the frames.
        joints: (T, 33, 3) landmarks, metres, Z up.
        qpos: (T, nq) configurations.
        contact_force: (T, P, 3) of the floor on each foot point, newtons.
        seen: (T,) where the person was seen.
        simulated: (T,) where the motion was simulated, so that forces are known.
        reprojection_percent: mean distance of marks and keypoints in percent of the person's height; None where nothing
            was seen well enough.
        ground: what the person stands on.
        floor_moved: metres by which it was found above where the calibration has it; 0 where there is none.
        feet_cut_off: share of the frames in which the pictures have the trunk, but no foot, as
            `motionrecon.verdict.evidence.Evidence` tells it.
    """

    body: Body
    camera: Camera
    clock: Clock
    joints: Float[np.ndarray, "T 33 3"]
    qpos: Float[np.ndarray, "T nq"]
    contact_force: Float[np.ndarray, "T P 3"]
    seen: Bool[np.ndarray, " T"]
    simulated: Bool[np.ndarray, " T"]
    reprojection_percent: float | None
    ground: Ground
    floor_moved: float = 0.0
    feet_cut_off: float = 0.0

    def at(self, frame: float) -> str:
        """When a frame is, in words."""
        return self.clock.told(float(frame))

    @property
    def load(self) -> Float[np.ndarray, "T 3"]:
        """The force of the floor in body weights."""
        total: Float[np.ndarray, "T 3"] = self.contact_force.sum(axis=1)
        return total / (self.body.mass * GRAVITY)


def doubts(outcome: Outcome) -> list[str]:
    """What the user should know of a motion that a person can hardly have made.

    Raises:
        SimulationError: it is not even numbers.
    """
    arrays = {name: getattr(outcome, name) for name in ("joints", "qpos", "contact_force")}
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            frame = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(axis=1)))
            raise SimulationError(
                f"the motion's {name} are not finite at {outcome.at(frame)}; try physics=False, or another range with "
                "start=... and end=..., and please report it"
            )
    if not outcome.seen.any():
        return []
    return [said for check in CHECKS if (said := check(outcome)) is not None]


def size(o: Outcome) -> str | None:
    """The person as a whole is about as tall as was said."""
    factor = float(np.exp(_size(o)))
    if abs(np.log(factor)) <= _ANOTHER_SIZE[0 if o.camera.calibrated else 1]:
        return None
    what = "and the calibration's unit" if o.camera.calibrated else "and, in the overlay, that the skeleton fits"
    return (
        f"all of the person's lengths are {factor:.2f} times what is usual for {o.body.height:.2f} m, as if it were "
        f"{factor * o.body.height:.2f} m: check the height {what}"
    )


def lengths(o: Outcome) -> str | None:
    """The person's lengths are, one by one, those of people of one size."""
    prior = o.body.shape_prior
    mean = prior.mean + prior.growth * _size(o)
    if (np.abs(o.body.shape - mean) <= _UNUSUAL * prior.spread).all():
        return None
    usual = o.body.reshaped(mean).lengths  # of a shape of whatever numbers, the lengths are told
    ratios = {name: length / usual[name] for name, length in o.body.lengths.items()}
    spread = dict(zip(Proportions.names(), Proportions.spread(), strict=True))
    away = {name: abs(float(np.log(ratio))) / spread[name] for name, ratio in ratios.items()}
    odd = [name for name in ratios if away[name] >= min(_NAMED, max(away.values()))]
    parts = [f"{name.replace('_', ' ')} {ratios[name]:.2f}" for name in odd]
    these = "this length is" if len(odd) == 1 else "these lengths are"
    return (
        f"hardly anybody is built like this: {', '.join(parts)} times what is usual beside the other lengths; {these} "
        "probably wrong, which the verdict counts: see in the overlay whether the skeleton lies on the limbs"
    )


def _size(o: Outcome) -> float:
    """Logarithm of how much larger the person is than somebody usual of this height."""
    prior = o.body.shape_prior
    grows = prior.growth > 0
    return float(np.median((o.body.shape - prior.mean)[grows] / prior.growth[grows]) if grows.any() else 0.0)


def height_over_floor(o: Outcome) -> str | None:
    """The person is on the floor most of the time."""
    if not o.camera.calibrated:
        return None
    lowest = float(np.median(o.ground.gap(o.joints[o.seen])[0].min(axis=1)))
    if -_BELOW <= lowest <= _ABOVE:
        return None
    return (
        f"the person is {abs(lowest):.1f} m {'above' if lowest > 0 else 'below'} the calibration's floor most of the "
        "time; if that is not so, its translation is in another unit, its world is not Z-up with the floor at z = 0, "
        "it is another camera's, the person has another height, or the floor another (floor=...)"
    )


def floor(o: Outcome) -> str | None:
    """The floor is where the calibration has it."""
    if not o.camera.calibrated or abs(o.floor_moved) <= _MOVED:
        return None
    where = "above" if o.floor_moved > 0 else "below"
    return (
        f"the floor was found {abs(o.floor_moved):.2f} m {where} the calibration's: "
        "the feet are there, so the person's height or the calibration's floor is off"
    )


def upright(o: Outcome) -> str | None:
    """The person does not lie or stand on the head all the time."""
    if not o.camera.calibrated:
        return None
    joints = o.joints[o.seen]
    hips = joints[:, INDEX["left_hip"]] + joints[:, INDEX["right_hip"]]
    trunk = joints[:, INDEX["left_shoulder"]] + joints[:, INDEX["right_shoulder"]] - hips
    leans = np.degrees(np.arccos(np.clip(trunk[:, 2] / np.maximum(np.linalg.norm(trunk, axis=1), 1e-9), -1, 1)))
    if np.mean(leans > _UPSIDE_DOWN) >= _OFTEN:
        what = "upside down"
    elif np.mean(leans > _LYING) >= _ALWAYS:
        what = "lying or on all fours"
    else:
        return None
    return (
        f"in the calibration's world the person is {what} most of the time; if that is not so, that world is not Z-up "
        "with the floor at z = 0, or the pose is camera to world"
    )


def distance(o: Outcome) -> str | None:
    """The person is neither behind the camera nor too far to be seen."""
    depth = o.camera.to_camera(o.joints)[o.seen, :, 2].mean(axis=1)
    nearest = int(depth.argmin())
    if depth[nearest] <= 0:
        when = o.at(np.flatnonzero(o.seen)[nearest])
        return f"the person is behind the camera at {when}: the keypoints are wrong there"
    median = float(np.median(depth))
    if _NEAR <= median <= _FAR:
        return None
    wrong = "short" if median < _NEAR else "long"
    return (
        f"the person is {median:.2g} m from the camera; the focal length is probably too {wrong}: set it with fov=... "
        "or focal_px=..., or give a calibration with camera=..."
    )


def size_in_picture(o: Outcome) -> str | None:
    """The person is large enough in the picture."""
    depth = np.maximum(o.camera.to_camera(o.joints)[..., 2].mean(axis=1), 0.1)  # of all frames, as a camera that zooms
    tall = float(np.median(o.camera.pixels_per_metre(depth)[o.seen])) * o.body.height
    if tall >= _TALL:
        return None
    centimetres = 100.0 * o.body.height / max(tall, 1.0)
    return (
        f"the person is only {tall:.0f} pixels tall in the picture, so that a keypoint one pixel off is "
        f"{centimetres:.0f} cm off; film closer"
    )


def feet_in_picture(o: Outcome) -> str | None:
    """The pictures show the feet of the person whose trunk they show."""
    if o.feet_cut_off <= _CUT_OFF:
        return None
    guesses = "what the legs do there, where the floor is, and all forces are guesses"
    if o.feet_cut_off <= FEET_CUT_OFF:  # the verdict foretells the force's error still
        guesses = "what the legs do there, and the forces there, are guesses"
    return f"the feet are outside the picture in {100 * o.feet_cut_off:.0f} % of the frames: {guesses}; film them, too"


def reprojection(o: Outcome) -> str | None:
    """The motion is where the person was seen."""
    if o.reprojection_percent is None or not o.reprojection_percent > _OFF:
        return None
    return (
        f"the motion is {o.reprojection_percent:.0f} % of the person's height away from the keypoints on average, and "
        "1 to 2 are usual: see in the overlay whether the keypoints jump or are another person's, or the camera is "
        "wrong or moves"
    )


def speed(o: Outcome) -> str | None:
    """The person moves as people do."""
    if len(o.qpos) < 2:
        return None
    pace = np.linalg.norm(np.diff(o.qpos[:, :3], axis=0), axis=1) * o.clock.fps
    fastest = int(pace.argmax())
    if pace[fastest] <= _FASTEST:
        return None
    return (
        f"the person moves at {pace[fastest]:.0f} m/s at {o.at(fastest)}, faster than anybody runs: the keypoints jump "
        "there, or filmed_fps=... is too high"
    )


def limbs(o: Outcome) -> str | None:
    """No hand or foot is faster than people's are."""
    if len(o.joints) < 2:
        return None
    pace = np.linalg.norm(np.diff(o.joints, axis=0), axis=2) * o.clock.fps
    frame, joint = map(int, np.unravel_index(int(pace.argmax()), pace.shape))
    if pace[frame, joint] <= _FASTEST_LIMB:
        return None
    return (
        f"the {NAMES[joint].replace('_', ' ')} moves at {pace[frame, joint]:.0f} m/s at {o.at(frame)}, faster than "
        "anybody throws or kicks: the motion is broken there"
    )


def heaviest(o: Outcome) -> str | None:
    """The feet bear what people's feet bear."""
    load = np.linalg.norm(o.load, axis=1)
    frame = int(load.argmax())
    if load[frame] <= _HEAVIEST:
        return None
    return (
        f"the force on the feet reaches {load[frame]:.1f} body weights at {o.at(frame)}; running has 3, landing "
        "from a jump 5: the simulation and the video disagree there, so do not trust the forces"
    )


def force_jumps(o: Outcome) -> str | None:
    """The force on the feet changes as people's forces do."""
    load, T = o.load, len(o.load)
    if T < 3:
        return None
    change = np.linalg.norm(np.diff(load, axis=0), axis=1)
    beside = max(1, round(_SPIKE * o.clock.fps))
    up = load[:, 2]
    before = np.array([up[max(0, t - beside) : t].min(initial=np.inf) for t in range(T)])
    after = np.array([up[t + 1 : t + 1 + beside].min(initial=np.inf) for t in range(T)])
    spikes = np.where(np.isfinite(before + after), up - np.maximum(before, after), 0.0)
    odd = sorted({*np.flatnonzero(spikes > _OUTSTANDING), *(np.flatnonzero(change > _JUMP) + 1)})
    if not odd:
        return None
    worst = max(odd, key=lambda t: max(spikes[t], change[t - 1] if t else 0.0))
    size = max(spikes[worst], change[worst - 1] if worst else 0.0)
    more = f" (and at {len(odd) - 1} more)" if len(odd) > 1 else ""
    return (
        f"the force on the feet jumps by {size:.1f} body weights at {o.at(worst)}{more}, more sharply than "
        "people's does: there, trust its mean over a tenth of a second rather than single frames"
    )


def airborne(o: Outcome) -> str | None:
    """Nobody stays in the air for longer than a jump lasts."""
    aloft = o.simulated & (np.linalg.norm(o.load, axis=1) < 0.01)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], aloft, [False]]).astype(int)))
    spans = edges.reshape(-1, 2)
    if len(spans) == 0:
        return None
    first, last = spans[int((spans[:, 1] - spans[:, 0]).argmax())]
    seconds = o.clock.seconds(last - first)
    if seconds <= _AIRBORNE:
        return None
    return (
        f"the floor does not bear the person for {seconds:.1f} s from {o.at(first)} on, longer than a jump lasts: "
        "something else does (a seat, a rope, water), or the simulation lost its hold; do not trust the forces there"
    )


CHECKS: tuple[Callable[[Outcome], str | None], ...] = (
    size,
    lengths,
    height_over_floor,
    floor,
    upright,
    distance,
    size_in_picture,
    feet_in_picture,
    reprojection,
    speed,
    limbs,
    heaviest,
    force_jumps,
    airborne,
)
