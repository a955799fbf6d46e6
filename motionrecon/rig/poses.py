"""Where cameras stand that nobody calibrated: found from the person who moves before all of them.

Pairs of cameras first (`pairs`), from which the others' poses follow along a tree, then all of them in one bundle
adjustment (`bundle`). The scale is that of a person of the given height. How far the poses can be trusted is judged by
leaving out one part of the body after the other (the delete-a-group jackknife): what a detector has wrong in one view
it has wrong in every frame, and no number of frames averages that away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Float

from motionrecon.cameras.pinhole import LEVEL, Pinhole, Uncertainty
from motionrecon.core.landmarks import NAMES
from motionrecon.errors import InputError
from motionrecon.residuals.robust import geman_mcclure
from motionrecon.rig.bundle import BEND, PIXELS, Observations, Solved, bundled
from motionrecon.rig.lengths import MARKS, expected
from motionrecon.rig.pairs import posed_pair, solved_from
from motionrecon.rig.sampling import spread_out

#: Frames that are used at most, spread over the clip; neighbours say the same.
MOST_FRAMES = 60
#: Frames that two cameras must share, and marks that both must see in such a frame.
FEWEST_FRAMES, FEWEST_MARKS = 8, 8
#: Lines of sight that meet at a smaller angle than this tell too little of how far away the person is.
PARALLAX_DEGREES = 8.0
#: Rotations that are less certain than this, degrees: they are said to be doubtful, and they are refused.
DOUBTFUL, REFUSED = 3.5, 5.0
#: Share of the marks about which the cameras disagree, from which the same is done.
DISAGREE, REFUSED_DISAGREE = 0.12, 0.4
#: Relative standard deviation of a focal length that was assumed: from phone to phone.
ASSUMED_FOCAL = 0.08
#: Marks that lie elsewhere on the body in one view than in another count less: hips are marked at its front or side.
_LESS = {"hip": 0.5, "heel": 0.5, "ankle": 0.7}
#: Parts of the body of which each is left out once.
_PARTS = (
    ("nose", "ear"),
    ("shoulder",),
    ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"),
    ("hip",),
    ("left_knee", "left_ankle"),
    ("right_knee", "right_ankle"),
    ("heel", "foot_index"),
)
_JACKKNIFE_STEPS = 15


@dataclass(frozen=True)
class Rig:
    """Cameras whose poses were found.

    Attributes:
        cameras: in the frame of the first, which is a level camera at the origin; not calibrated, since neither gravity
            nor the floor is known.
        uncertainty: standard deviations of their poses; the first one's are 0, as all are told from there.
        warnings: why it should not be trusted, if so.
    """

    cameras: tuple[Pinhole, ...]
    uncertainty: tuple[Uncertainty, ...]
    warnings: tuple[str, ...] = ()


def found(
    cameras: Sequence[Pinhole],
    pixels: Float[np.ndarray, "V T 33 2"],
    weight: Float[np.ndarray, "V T 33"],
    points_3d: Float[np.ndarray, "V T 33 3"],
    height: float,
    names: Sequence[str] | None = None,
    assumed: Sequence[bool] | None = None,
    lens_errors: Sequence[float] | None = None,
) -> Rig:
    """Where cameras stand to each other, from one person whom they see at the same times.

    Args:
        cameras: with their intrinsics; where they are is not used.
        pixels: without the lenses' distortion, NaN where unseen.
        weight: root weights of the pixels, such as those of `motionrecon.views.View`; 0 where unseen.
        points_3d: the detector's 3D guess in each camera's axes, metres; NaN where there is none.
        height: the person's, metres.
        names: what messages call the cameras.
        assumed: which focal lengths were assumed; the poses are then less certain.
        lens_errors: relative standard deviations of those that were found, each by itself; 0 of others.

    Raises:
        InputError: the poses cannot be told from what was seen, and why.
    """
    names = list(names or (f"camera {i + 1}" for i in range(len(cameras))))
    if len(cameras) == 1:
        return Rig((_levelled(cameras[0], np.eye(3), np.zeros(3)),), (Uncertainty(0.0, 0.0),))
    observed, guess = _observations(cameras, pixels, weight, points_3d, height)
    solved = _solved(observed, guess, names)
    _check_parallax(observed, solved, names)
    none = np.zeros(len(cameras))
    alike = ASSUMED_FOCAL * np.asarray(none if assumed is None else assumed, dtype=float)
    alone = np.diag(none if lens_errors is None else np.asarray(lens_errors, dtype=float))
    uncertainty = _uncertainty(observed, solved, [errors for errors in (alike, *alone) if errors.any()])
    warnings = _judged(uncertainty, _disagreement(observed, solved), names)
    scene = solved.scene
    posed = tuple(_levelled(camera, scene.turn[v], scene.shift[v]) for v, camera in enumerate(cameras))
    return Rig(posed, uncertainty, warnings)


def _levelled(camera: Pinhole, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, " 3"]) -> Pinhole:
    """A camera in the first one's frame made level."""
    return replace(camera, R_camera_world=turn @ LEVEL, t_camera_world=shift, calibrated=False)


def _observations(
    cameras: Sequence[Pinhole],
    pixels: Float[np.ndarray, "V T 33 2"],
    weight: Float[np.ndarray, "V T 33"],
    points_3d: Float[np.ndarray, "V T 33 3"],
    height: float,
) -> tuple[Observations, Float[np.ndarray, "V N P 3"]]:
    """What counts of what was seen, in frames that several cameras share; and the detector's guess there."""
    rays = np.stack([camera.rays(seen) for camera, seen in zip(cameras, pixels, strict=True)])[:, :, MARKS]
    less = np.array([next((share for word, share in _LESS.items() if word in NAMES[m]), 1.0) for m in MARKS])
    seen = np.isfinite(rays).all(-1) & (weight[:, :, MARKS] > 0)
    trust = np.where(seen, weight[:, :, MARKS] * less, 0.0)
    shared = np.flatnonzero((seen.sum(0) >= 2).sum(1) >= FEWEST_MARKS)
    frames = shared[spread_out(len(shared), MOST_FRAMES)]
    rays = np.where(seen[..., None], rays, 0.0)
    return Observations(rays[:, frames], trust[:, frames], expected(height)), points_3d[:, frames][:, :, MARKS]


def _solved(observed: Observations, guess: Float[np.ndarray, "V T P 3"], names: Sequence[str]) -> Solved:
    """The bundle adjustment of all cameras, from the poses that the surest pairs give them."""
    V = len(guess)
    pairs: dict[tuple[int, int], Solved] = {}
    for a, b in combinations(range(V), 2):
        both = (observed.seen[a] & observed.seen[b]).sum(1) >= FEWEST_MARKS
        if both.sum() < FEWEST_FRAMES:
            continue
        of_both = observed.of([a, b]).at(both)
        solved = posed_pair(of_both, guess[[a, b]][:, both])
        if solved is not None:
            pairs[a, b] = solved
    turn, shift = np.tile(np.eye(3), (V, 1, 1)), np.zeros((V, 3))
    joined = {0}
    while len(joined) < V:
        edges = [pair for pair in pairs if (pair[0] in joined) != (pair[1] in joined)]
        if not edges:
            raise _apart(names, joined)
        a, b = min(edges, key=lambda pair: float(np.trace(pairs[pair].covariance[:3, :3])))
        R, t = pairs[a, b].scene.turn[1], pairs[a, b].scene.shift[1]
        if a in joined:
            turn[b], shift[b] = R @ turn[a], R @ shift[a] + t
        else:
            turn[a], shift[a] = R.T @ turn[b], R.T @ (shift[b] - t)
        joined |= {a, b}
    return solved_from(observed, turn, shift) if V > 2 else pairs[0, 1]


def _apart(names: Sequence[str], joined: set[int]) -> InputError:
    alone = ", ".join(name for i, name in enumerate(names) if i not in joined)
    return InputError(
        f"where {alone} stands cannot be told from the person: {FEWEST_FRAMES} frames at least must show the same "
        f"person at the same time in it and in {names[0]} (or in another camera that does); film the person in all "
        f"views, give offset=... if the recordings did not start together, or a calibration with camera=...{_CALIBRATE}"
    )


_CALIBRATE = " (motionrecon calibrate makes one from pictures of a chessboard)"


def _check_parallax(observed: Observations, solved: Solved, names: Sequence[str]) -> None:
    """Raise where a camera looks at the person from where another one does."""
    scene = solved.scene
    eyes = -np.einsum("vij,vi->vj", scene.turn, scene.shift)
    toward = scene.points.reshape(1, -1, 3) - eyes[:, None]
    toward /= np.linalg.norm(toward, axis=-1, keepdims=True)
    for v in reversed(range(len(eyes))):
        angles = np.degrees(np.arccos(np.clip(np.einsum("ni,vni->vn", toward[v], toward), -1, 1)))
        widest = float(max(np.median(angles[w]) for w in range(len(eyes)) if w != v))
        if widest < PARALLAX_DEGREES:
            raise InputError(
                f"{names[v]} sees the person from nearly the same direction as the others ({widest:.0f} degrees "
                f"apart), and {PARALLAX_DEGREES:.0f} are needed to tell from the person where it stands; move it "
                f"(90 degrees are best), or give a calibration with camera=...{_CALIBRATE}"
            )


def _uncertainty(
    observed: Observations, solved: Solved, longer: Sequence[Float[np.ndarray, " V"]]
) -> tuple[Uncertainty, ...]:
    """Standard deviations of the poses: as the residuals have it, as the parts of the body do, and as lenses differ.

    Args:
        longer: by how much lenses may be longer than they are taken to be, those at once that err alike.
    """
    V = len(observed.weight)
    scene = solved.scene
    spread = np.zeros((V, 2))
    for v in range(1, V):
        own = solved.covariance[6 * (v - 1) : 6 * v, 6 * (v - 1) : 6 * v]
        spread[v] = np.trace(own[:3, :3]), np.trace(own[3:, 3:])
    others = []
    for words in _PARTS:
        kept = np.array([not any(word in NAMES[mark] for word in words) for mark in MARKS], dtype=float)
        others.append(replace(observed, weight=observed.weight * kept))
    others += [replace(observed, rays=observed.rays / (1 + errors)[:, None, None, None]) for errors in longer]
    eyes = -np.einsum("vij,vi->vj", scene.turn, scene.shift)
    for other in others:
        found = bundled(other, scene, geman_mcclure, _JACKKNIFE_STEPS).scene
        cosine = (np.einsum("vij,vij->v", found.turn, scene.turn) - 1) / 2
        spread[:, 0] += np.arccos(np.clip(cosine, -1, 1)) ** 2
        spread[:, 1] += ((-np.einsum("vij,vi->vj", found.turn, found.shift) - eyes) ** 2).sum(1)
    spread[0] = 0.0
    return tuple(Uncertainty(float(np.degrees(np.sqrt(a))), float(np.sqrt(b))) for a, b in spread)


def _disagreement(observed: Observations, solved: Solved) -> float:
    """The share of the marks that are far from where cameras saw them."""
    far = []
    for v in range(len(observed.weight)):
        place = solved.scene.in_camera(v)
        image = place[..., :2] / np.maximum(place[..., 2:], 1e-3)
        off = np.linalg.norm(image - observed.rays[v], axis=-1)[observed.seen[v]]
        far.append(off * np.median(place[..., 2]) > BEND * PIXELS)
    return float(np.mean(np.concatenate(far)))


def _judged(uncertainty: Sequence[Uncertainty], disagree: float, names: Sequence[str]) -> tuple[str, ...]:
    """What to say of a rig that is doubtful.

    Raises:
        InputError: it is worse than that.
    """
    worst = int(np.argmax([one.rotation for one in uncertainty]))
    sure = uncertainty[worst].rotation
    remedy = (
        "let the person walk about, turn and move the arms in front of all cameras, check that the recordings are "
        f"synchronous (offset=...), or give a calibration with camera=...{_CALIBRATE}"
    )
    if not sure <= REFUSED:
        raise InputError(
            f"the direction in which {names[worst]} looks cannot be told from the person: it is uncertain by "
            f"{sure:.0f} degrees, and {REFUSED:.0f} are the most that motions can be trusted with; {remedy}"
        )
    if not disagree <= REFUSED_DISAGREE:
        raise InputError(
            f"the cameras cannot be posed from the person: they disagree about {100 * disagree:.0f} % of the "
            f"keypoints; is it the same person in all of them? Otherwise {remedy}"
        )
    said = []
    if sure > DOUBTFUL:
        said.append(
            f"the direction in which {names[worst]} looks was found from the person and is uncertain by {sure:.0f} "
            f"degrees; {remedy}"
        )
    if disagree > DISAGREE:
        said.append(
            f"the cameras' poses were found from the person, and cameras disagree about {100 * disagree:.0f} % of the "
            f"keypoints; the poses may be off by degrees; {remedy}"
        )
    return tuple(said)
