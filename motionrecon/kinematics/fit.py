"""The kinematic fit: a smooth trajectory of the whole clip that explains what the cameras saw.

It goes from what is certain to what is delicate: a pose for every frame, then the person's shape, then the ground
and the feet on it, and at last, with shape and ground held, feet that neither slide nor leave the body unbalanced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from motionrecon.body import Body
from motionrecon.body.tangent import PLACE, difference, integrate
from motionrecon.cameras.carried import Carried, velocity
from motionrecon.cameras.up import Gravity
from motionrecon.core.spans import spans
from motionrecon.ground.base import Ground
from motionrecon.kinematics.floor import under_the_feet
from motionrecon.kinematics.gravity import gravity, levelled, tilting
from motionrecon.kinematics.limbs import freed
from motionrecon.kinematics.lying import lying_points
from motionrecon.kinematics.seated import on_feet
from motionrecon.kinematics.solver import Term, solve
from motionrecon.kinematics.start import Start, learned
from motionrecon.kinematics.state import HEIGHT, SHAPE, TILT, Trajectory
from motionrecon.kinematics.terms.balance import Balance, neglected
from motionrecon.kinematics.terms.contact import KNOWN, TILTED, Contact
from motionrecon.kinematics.terms.observed import directed, reprojected
from motionrecon.kinematics.terms.pose_prior import PosePrior
from motionrecon.kinematics.terms.resting import Resting
from motionrecon.kinematics.terms.scale_free import scale_free
from motionrecon.kinematics.terms.shared_prior import SharedPrior
from motionrecon.kinematics.terms.sliding import Sliding
from motionrecon.kinematics.terms.smoothness import Smoothness, eased
from motionrecon.kinematics.unseen import held
from motionrecon.views import Figure, View

#: Evidence counts per second, not per frame, since errors of neighbouring frames are much alike.
REFERENCE_RATE = 30.0

#: Frames that are fitted at once, so that memory does not grow with the clip; and how many of them two stretches share.
LONGEST, OVERLAP = 900, 60
#: Seconds that are left of a gap in which nobody is seen where the person's shape is learnt on both sides of it.
APART = 0.25
#: Frames that are fitted at once at least, if the clip has them.
SHORTEST = 4

#: Standard deviation of the ground's height where no calibration says where it is, metres.
ANYWHERE = 10.0


@dataclass(frozen=True)
class Weights:
    """Standard deviations and weights of the fit; see the terms for their meaning.

    Attributes:
        pixels: metres across the line of sight of a confident keypoint.
        depth: metres along the line of sight between a bone's ends, of the detector's 3D guess.
        smooth, prior, sliding, balance: root weights of these terms.
        floor: metres, of the height of the ground of calibrated cameras, as far as one camera may doubt it: a person
            who is a little smaller than was said, on a floor a little higher, looks the same from there.
        floor_known: whether the ground is where it was given, whatever the feet say.
        common: relative, of a factor on all lengths: with calibrated cameras, where one of these sees somebody of a
            known height, and where a camera's pose is assumed. One camera measures no size, but errors of depth, which
            last through a clip, seem to: bones that are turned out of the picture by mistake have to be longer. Before
            one that nobody posed, no floor speaks against it, and a height that is said wrong by 3 % is nearer.
        height_known: whether the person's height was given.
        shape: share that one camera's fit grants of how far people's shapes vary otherwise.
        tilt: share of the standard deviation of up that is granted to the fit, which counts every frame for itself.
    """

    pixels: float = 0.02
    depth: float = 0.12
    smooth: float = 1.5
    prior: float = 1.5
    sliding: float = 0.5
    balance: float = 8.0
    floor: float = 0.004
    common: tuple[float, float, float] = (0.06, 0.0075, 0.002)
    shape: float = 0.5
    tilt: float = 0.11
    floor_known: bool = False
    height_known: bool = False


@dataclass(frozen=True)
class Fitted:
    """What the fit found, in a world in which the ground is where it was given.

    Attributes:
        qpos: (T, nq) the trajectory.
        shape: (k,) the person's.
        turn, shift: from the world in which the cameras were given to this one.
        gravity: what said which way is up in the world of the cameras as given; None where they know.
        belt: m/s along this world's ground at which the cameras are carried over it, as they are before a treadmill,
            whose belt the world rides on from frame 0; 0 for cameras that are not.
        belt_speeds: m/s of the belt in the passages that tell its slowest and its fastest speed.
        belt_guessed: whether the feet tell too little of it.
    """

    qpos: Float[np.ndarray, "T nq"]
    shape: Float[np.ndarray, " k"]
    turn: Float[np.ndarray, "3 3"]
    shift: Float[np.ndarray, " 3"]
    gravity: Gravity | None = None
    belt: Float[np.ndarray, " 3"] = field(default_factory=lambda: np.zeros(3))
    belt_speeds: tuple[float, float] = (0.0, 0.0)
    belt_guessed: bool = False

    def figure(self, views: Sequence[View], body: Body, ground: Ground) -> Figure:
        """The person, ready to be simulated on the views' clock, before cameras that stand where they were found.

        Args:
            views, body, ground: what was given to `fitted`.
        """
        person = body.reshaped(self.shape).on(ground, views[0].clock.timestep)
        path = _path(self.belt, len(self.qpos), views[0].clock.fps)
        found = tuple(
            replace(view, camera=camera if path is None else Carried(camera, path))
            for view in views
            for camera in [view.camera.in_world(self.turn, self.shift)]
        )
        gravity = None if self.gravity is None else self.gravity.in_world(self.turn)
        return Figure(person, found, ground, self.qpos, gravity)


def fit(
    views: Sequence[View], body: Body, ground: Ground, weights: Weights | None = None, first_poses: Start = learned
) -> Figure:
    """The person whom the views show, moving as they show; arguments as of `fitted`."""
    return fitted(views, body, ground, weights, first_poses=first_poses).figure(views, body, ground)


def fitted(
    views: Sequence[View],
    body: Body,
    ground: Ground,
    weights: Weights | None = None,
    advance: Callable[[int], None] = lambda frames: None,
    first_poses: Start = learned,
    belt: Float[np.ndarray, " 3"] | None = None,
) -> Fitted:
    """Fit a trajectory to what cameras saw.

    Args:
        views: of one person, one for each camera, on one clock. Where all cameras are calibrated, the world is theirs;
            otherwise gravity and the ground's height are estimated.
        body: a person of the right height; the shape is a start.
        ground: what the person stands on.
        weights: of the terms.
        advance: called with the number of frames that were fitted, as they are.
        first_poses: where it begins.
        belt: m/s at which the cameras are carried over the ground, in the world in which they were given; None where
            they are not.
    """
    w = weights or Weights()
    T = len(views[0])
    path = None if belt is None else _path(belt, T, views[0].clock.fps)
    tracked = np.any([view.tracked for view in views], axis=0)
    stretches = spans(tracked) or [slice(0, T)]
    best = _best(views, stretches)
    # Long gaps are cut out of the best frames: their path goes on as if they were not, and so without jumps.
    rode = None if belt is None else _path(belt, len(best), views[0].clock.fps)
    known, found_up = _fit([view.part(best) for view in views], body, ground, w, first_poses, path=rode)
    if known.path is not None:  # as that has been turned
        belt = velocity(known.path, views[0].clock.fps)
        path = _path(belt, T, views[0].clock.fps)
    qpos = np.tile(body.rest_qpos, (T, 1))
    for stretch in stretches:
        if np.array_equal(best, np.arange(stretch.start, stretch.stop)):
            qpos[best] = known.qpos
            if path is not None and known.path is not None:
                qpos[best] = _shifted(known.qpos, path[best] - known.path)
            advance(len(best))
        else:
            qpos[stretch] = _stretch(views, body, ground, w, first_poses, known, stretch, advance, path)
    advance(int((~tracked).sum()) if tracked.any() else 0)
    found = _as_given(known, qpos, ground)
    if belt is not None:
        found = replace(found, belt=belt)
    return replace(
        found, gravity=found_up, qpos=_held(known.body, ground, found.qpos, tracked, views[0].clock.fps, path)
    )


def _stretch(
    views: Sequence[View],
    body: Body,
    ground: Ground,
    w: Weights,
    first_poses: Start,
    known: Trajectory,
    stretch: slice,
    advance: Callable[[int], None],
    path: Float[np.ndarray, "T 3"] | None,
) -> Float[np.ndarray, "n nq"]:
    """The trajectory of one stretch of frames, fitted in parts that overlap where it is long."""
    first, last, T = stretch.start, stretch.stop, len(views[0])
    if last - first < SHORTEST:  # frames beside it, in which nobody is seen, give it a course
        wide = slice(max(0, first - SHORTEST), min(T, last + SHORTEST))
        advance(last - first)
        rode = None if path is None else path[wide]
        found = _fit([view.part(wide) for view in views], body, ground, w, first_poses, known, rode)[0].qpos
        return found[first - wide.start :][: last - first]
    qpos = np.empty((last - first, body.model.nq))
    done = first
    for start in range(first, last, LONGEST - OVERLAP):
        part = slice(start, min(start + LONGEST, last))
        rode = None if path is None else path[part]
        found = _fit([view.part(part) for view in views], body, ground, w, first_poses, known, rode)[0].qpos
        shared = done - start
        if shared > 0:
            share = (np.arange(1, shared + 1) / (shared + 1))[:, None]
            before = qpos[start - first : done - first]
            found[:shared] = integrate(before, share * difference(before, found[:shared]))
        qpos[start - first : part.stop - first] = found
        advance(part.stop - done)
        done = part.stop
        if done == last:
            break
    return qpos


def _best(views: Sequence[View], stretches: Sequence[slice]) -> Int[np.ndarray, " n"]:
    """The frames, `LONGEST` at most, with the most evidence in them: of what follows from gaps there is little."""
    T = len(views[0])
    kept = np.zeros(T, dtype=bool)
    kept[stretches[0].start : stretches[-1].stop] = True
    apart = views[0].clock.frames(APART)
    for one, other in pairwise(stretches):
        kept[one.stop + apart : other.start] = False
    frames = np.flatnonzero(kept)
    if len(frames) < SHORTEST:
        frames = np.arange(max(0, frames[0] - SHORTEST), min(T, frames[-1] + SHORTEST))
    if len(frames) <= LONGEST:
        return frames
    evidence = np.sum([(view.weight[frames] ** 2).sum(1) for view in views], axis=0)
    total = np.concatenate([[0.0], np.cumsum(evidence)])
    first = int(np.argmax(total[LONGEST:] - total[:-LONGEST]))
    return frames[first : first + LONGEST]


def _fit(
    views: Sequence[View],
    body: Body,
    ground: Ground,
    w: Weights,
    first_poses: Start,
    known: Trajectory | None = None,
    path: Float[np.ndarray, "n 3"] | None = None,
) -> tuple[Trajectory, Gravity | None]:
    """Fit one stretch, and what said which way is up; with a `known` trajectory, its person, ground and gravity are
    held. A path, along which the cameras are carried, is in the world of the cameras, or of what is known."""
    fps = views[0].clock.fps
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    if known is None:
        x = Trajectory(body, first_poses(body, views), ground)
    else:
        placed = [replace(view, camera=view.camera.in_world(known.turn, np.zeros(3))) for view in views]
        x = replace(known, qpos=first_poses(known.body, placed), path=None, free=())
    if path is not None:
        x = replace(x, qpos=_shifted(x.qpos, path), path=path)
    views = [replace(view, weight=rate * view.weight) for view in views]

    pose = roughly(views, fps)
    x = solve(x, scale_free(pose, x, views), 25, tolerance=1e-3)
    if len(views) > 1:  # one camera does not tell
        x = _unlocked(x, views, pose)

    video = filmed(views, fps, w)
    up = None
    if known is None:
        calibrated = all(view.camera.calibrated for view in views)
        if calibrated and len(views) > 1 and not w.floor_known:
            x = under_the_feet(x, fps)
        shape = w.shape if len(views) == 1 else 1.0  # several measure it
        x, up = _sized(x, views, video, w, shape)
    else:
        x = solve(x, scale_free(video, x, views), 25, tolerance=1e-3)
    if len(views) > 1:
        x = _unlocked(x, views, video)
    # How a body leans to be balanced is a guess, which one camera needs, and several the less: they see it.
    balance = w.balance / len(views)
    within = nearest_floor(views)
    for _ in range(2):
        lying = lying_points(x, fps, within)
        contact = Contact.of(x, fps, rate, within, lying.soles)
        weight = balance * rate * on_feet(x, fps)
        feet: list[Term] = [
            contact,
            Sliding(fps, weight=w.sliding * rate),
            Balance(fps, contact.standing, neglected=neglected(x, fps), weight=weight),
            *Resting.of(lying, rate),
        ]
        x = solve(x, scale_free([*eased(video, x), *feet], x, views), 15)
    return x, up


def nearest_floor(views: Sequence[View]) -> float:
    """How far from the floor a walker's lower foot may be that is taken to be on it, metres."""
    return KNOWN if all(view.camera.calibrated for view in views) else TILTED


def roughly(views: Sequence[View], fps: float) -> list[Term]:
    """What a first trajectory is drawn by: as `filmed`, but forgiving, for one that is far from what was seen."""
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    return [
        *(reprojected(view, sigma=0.1, scale=5.0) for view in views),
        *(directed(view, sigma=0.1, across=1.0, scale=5.0) for view in views),
        Smoothness(fps, weight=0.3 * rate),
        PosePrior(weight=rate),
    ]


def filmed(views: Sequence[View], fps: float, w: Weights) -> list[Term]:
    """What was seen, how smoothly people move, and which poses they take.

    Args:
        views: whose frames count as many as there are at `REFERENCE_RATE`.
        fps: frames per second.
        w: the weights.
    """
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    # One network guesses for all views, and errs alike in each: all its guesses together are worth one.
    depth = w.depth * float(np.sqrt(len(views)))
    return [
        *(reprojected(view, sigma=w.pixels) for view in views),
        *(directed(view, sigma=depth) for view in views),
        Smoothness(fps, weight=w.smooth * rate),
        PosePrior(weight=w.prior * rate),
    ]


def _unlocked(x: Trajectory, views: Sequence[View], terms: list[Term]) -> Trajectory:
    """The trajectory, or a better one with other bends of limbs that are not where the views see them."""
    other = freed(x, views)
    if other is x:
        return x
    other = solve(other, terms, 25, tolerance=1e-3)
    return min(x, other, key=lambda y: sum(term(y).cost for term in terms))


def _sized(
    x: Trajectory, views: Sequence[View], video: list[Term], w: Weights, shape: float
) -> tuple[Trajectory, Gravity | None]:
    """The trajectory with the person's shape, the ground's height and, where cameras do not know it, gravity.

    In the end they are held. People's shapes are granted that share of how far they vary.
    """
    fps, tilted = views[0].clock.fps, not all(view.camera.calibrated for view in views)
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    common = w.common[2 if tilted else int(w.height_known and len(views) == 1)]
    height = (x.ground.height, ANYWHERE if tilted else w.floor)
    x = replace(x, free=(SHAPE,) if w.floor_known else (SHAPE, HEIGHT))
    tilt, up = np.eye(2), None
    known: list[Term] = [*video, SharedPrior(height, common, x.turn, tilt, shape)]
    x = solve(x, scale_free(known, x, views), 25, tolerance=1e-3)
    if tilted:
        up = gravity(x, fps, views)
        x = replace(levelled(x, up), free=(SHAPE, HEIGHT, TILT))
        tilt = tilting(x, up, w.tilt)
        height = (x.ground.height, ANYWHERE)
    prior = SharedPrior(height, common, x.turn, tilt, shape)
    within = nearest_floor(views)
    for _ in range(3):
        lying = lying_points(x, fps, within)
        contact = Contact.of(x, fps, rate, within, lying.soles)
        terms: list[Term] = [*eased(video, x), prior, contact, *Resting.of(lying, rate)]
        if tilted:
            terms.append(Balance(fps, contact.standing, weight=w.balance * rate * on_feet(x, fps)))
        x = solve(x, scale_free(terms, x, views), 15)
    return replace(x, free=()), up


def _path(belt: Float[np.ndarray, " 3"], T: int, fps: float) -> Float[np.ndarray, "T 3"] | None:
    """How far what is carried at a velocity has come by each frame, metres; None for what stands."""
    return np.outer(np.arange(T) / fps, belt) if belt.any() else None


def _shifted(qpos: Float[np.ndarray, "T nq"], by: Float[np.ndarray, "T 3"]) -> Float[np.ndarray, "T nq"]:
    """The same trajectory elsewhere in each frame."""
    moved = qpos.copy()
    moved[:, PLACE] += by
    return moved


def _held(
    body: Body,
    ground: Ground,
    qpos: Float[np.ndarray, "T nq"],
    tracked: Bool[np.ndarray, " T"],
    fps: float,
    path: Float[np.ndarray, "T 3"] | None,
) -> Float[np.ndarray, "T nq"]:
    """A trajectory that holds still where nobody is tracked: before cameras that are carried, as these see it."""
    if path is None:
        return held(body, ground, qpos, tracked, fps)
    return _shifted(held(body, ground, _shifted(qpos, -path), tracked, fps), path)


def _as_given(x: Trajectory, qpos: Float[np.ndarray, "T nq"], ground: Ground) -> Fitted:
    """A trajectory in the world in which the ground is not raised, but everything else lowered."""
    shift = np.array([0.0, 0.0, ground.height - x.ground.height])
    moved = qpos.copy()
    moved[:, PLACE] += shift
    return Fitted(moved, x.body.shape, x.turn, shift)
