"""All that the page is told of one or two results: a pure function of them, as plain data and arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from scipy.ndimage import gaussian_filter1d

from motionrecon.body.pose import pose
from motionrecon.result.films import films_of
from motionrecon.result.motion import CAMERA_MOVES, NOBODY_SEEN, NOT_SIMULATED, ON_A_SEAT
from motionrecon.viewer.charts import CHARTS, Chart
from motionrecon.viewer.facts import Fact, facts_of
from motionrecon.viewer.filming import Filming, filming
from motionrecon.viewer.keys import Key, keys_of
from motionrecon.viewer.layers import LAYERS
from motionrecon.viewer.layers.base import Swatch
from motionrecon.viewer.parts import Track
from motionrecon.viewer.poses import Poses, compute_poses, turns_of
from motionrecon.viewer.side_by_side import AT_HOME, Place, place_alike, place_beside
from motionrecon.viewer.start_view import StartView, right_of, start_view, view_of_all

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

_FOLLOW_SECONDS = 0.25  # the followed path is smoothed, so that steps do not shake the view


@dataclass(frozen=True)
class LayerEntry:
    """A layer's box."""

    name: str
    label: str
    legend: tuple[Swatch, ...]
    key: str
    on: bool


@dataclass(frozen=True)
class Stretch:
    """Frames from ``start`` up to, but without ``end`` that lack something, or are still to come: ``what``."""

    start: int
    end: int
    what: str


@dataclass(frozen=True)
class ResultEntry:
    """One result: T frames.

    Attributes:
        name: what it is called.
        fps: frames per second.
        count: T.
        weight: of the person, newtons; 0 where there are no forces.
        path: (T, 2) where the view goes when it follows.
        facing: (T,) where the person faces, radians about the vertical from the world's x axis.
        tracked: (T,) 0 where nobody was seen.
        simulated: (T,) 0 where the motion is kinematic, though others are simulated.
        pending: (T,) 1 where a reconstruction that runs has not simulated it yet.
        tracks, parts: how things move, and what is drawn in each layer.
        stretches: frames that lack something.
        charts: curves over time.
        films: the cameras.
        facts: how good it is, a line each.
        place: where it is shown.
        aligned: where it is shown if all results shall begin at one place and face the same way.
        same_film: whether it was filmed in the films of the first one.
    """

    name: str
    fps: float
    count: int
    weight: float
    path: Float32[np.ndarray, "T 2"]
    facing: Float32[np.ndarray, " T"]
    tracked: UInt8[np.ndarray, " T"]
    simulated: UInt8[np.ndarray, " T"]
    pending: UInt8[np.ndarray, " T"]
    tracks: dict[str, Track]
    parts: dict[str, list[Any]]
    stretches: tuple[Stretch, ...]
    charts: tuple[Chart, ...]
    films: tuple[Filming, ...]
    facts: tuple[Fact, ...]
    place: Place = AT_HOME
    aligned: Place = AT_HOME
    same_film: bool = False


@dataclass(frozen=True)
class Document:
    """One result, or two to compare, and how the page opens.

    Attributes:
        title: of the page.
        layers, results: what is shown.
        keys: what they do.
        start: where the eye stands.
        through: the camera that is looked through at first; -1 for none.
        running: whether a reconstruction is still at work on it.
    """

    title: str
    layers: tuple[LayerEntry, ...]
    results: tuple[ResultEntry, ...]
    keys: tuple[Key, ...]
    start: StartView
    through: int = -1
    running: bool = False


def document_of(
    motions: Sequence[Motion],
    names: Sequence[str],
    missing: Sequence[Sequence[str]] = (),
    reached: int | None = None,
) -> Document:
    """What the page shows.

    Args:
        motions: one, or several to compare.
        names: what they are called.
        missing: of each motion, why the film of each of its cameras cannot be shown; empty where it can.
        reached: the frame that a reconstruction that runs has simulated the motion to; None where none runs.
    """
    poses = [compute_poses(motion) for motion in motions]
    without = missing or [["no film is shown here"] * len(motion.cameras) for motion in motions]
    eyes = np.stack([camera.eye[0] for camera in motions[0].cameras])
    person = np.concatenate([poses[0].position[:, 1:], motions[0].joints], axis=1)  # with the head
    start = start_view(person, poses[0].forward, eyes)
    places, aligned = _places(motions, poses, start), _aligned(poses, start)
    if len(motions) > 1:
        start = view_of_all(start, _all_seen(poses, places, start.follow))
    each = zip(names, motions, poses, without, strict=True)
    results = [_result(*one, len(one[1]) if reached is None else reached) for one in each]
    films = [[(film.video, film.start, film.fps) for film in films_of(motion)] for motion in motions]
    placed = zip(results, places, aligned, films, strict=True)
    results = [
        replace(result, place=place, aligned=there, same_film=result is not results[0] and own == films[0])
        for result, place, there, own in placed
    ]
    used = [name for name in LAYERS if any(result.parts[name] for result in results)]
    layers = [(name, LAYERS[name]) for name in used]
    entries = tuple(LayerEntry(name, one.label, one.legend, one.key, one.at_start) for name, one in layers)
    keys = keys_of(layers, len(results))
    return Document(" and ".join(names), entries, tuple(results), keys, start, running=reached is not None)


def _result(name: str, motion: Motion, poses: Poses, missing: Sequence[str], reached: int) -> ResultEntry:
    pending = np.arange(len(motion)) > reached
    simulated = ~motion.left_out | pending
    path = _smoothed(poses.position[:, 1, :2], _FOLLOW_SECONDS * motion.fps)
    films = films_of(motion)
    return ResultEntry(
        name=name,
        fps=motion.fps,
        count=len(motion),
        weight=poses.weight if poses.force.any() else 0.0,
        path=path.astype(np.float32),
        facing=np.arctan2(poses.forward[:, 1], poses.forward[:, 0]).astype(np.float32),
        tracked=motion.tracked.astype(np.uint8),
        simulated=simulated.astype(np.uint8),
        pending=pending.astype(np.uint8),
        tracks=_tracks(motion, poses),
        parts={layer: list(one.parts(motion, poses)) for layer, one in LAYERS.items()},
        stretches=stretches_of(motion.tracked, simulated, pending, motion.on_a_seat, motion.report.camera_unknown),
        charts=tuple(chart for charts in CHARTS for chart in charts(motion, poses)),
        films=tuple(filming(one.camera, one.name, why) for one, why in zip(films, missing, strict=True)),
        facts=(*facts_of(motion.report), *([Fact(motion.body.licence)] if motion.body.licence else [])),
    )


def _places(motions: Sequence[Motion], poses: Sequence[Poses], start: StartView) -> list[Place]:
    begins = [each.position[0, 1, :2] for each in poses]
    right = right_of(start)
    others = [place_beside(motions[0], motions[i], (begins[0], begins[i]), i, right) for i in range(1, len(motions))]
    return [AT_HOME, *others]


def _aligned(poses: Sequence[Poses], start: StartView) -> list[Place]:
    begins = [(each.position[0, 1, :2], each.forward) for each in poses]
    return [AT_HOME, *(place_alike(begins[0], begins[i], i, right_of(start)) for i in range(1, len(poses)))]


def _all_seen(poses: Sequence[Poses], places: Sequence[Place], follow: bool) -> Float[np.ndarray, "P 3"]:
    """The bodies of all results where they are shown side by side: at the start if the view follows, else always."""
    frames = slice(0, 1) if follow else slice(None)
    shown = [place.put(each.position[frames, 1:]) + place.gap for each, place in zip(poses, places, strict=True)]
    return np.concatenate([each.reshape(-1, 3) for each in shown])


def _smoothed(path: Float[np.ndarray, "T 2"], frames: float) -> Float[np.ndarray, "T 2"]:
    """A path without what comes and goes within so many frames; its ends stay where they are."""
    beyond = min(math.ceil(4 * frames), len(path) - 1)
    longer = np.pad(path, ((beyond, beyond), (0, 0)), "reflect", reflect_type="odd")
    return np.asarray(gaussian_filter1d(longer, frames, axis=0, mode="nearest")[beyond : beyond + len(path)])


def _tracks(motion: Motion, poses: Poses) -> dict[str, Track]:
    """The bodies' motion, with the feet lit by what they bear; and the kinematic one, where the result knows it."""
    lit = np.zeros(poses.position.shape[:2], np.float32)
    for i, foot in enumerate(poses.feet):
        body = motion.model.body(foot).id
        share = np.clip(np.linalg.norm(poses.force[:, i], axis=-1) / poses.weight, 0.0, 1.0)
        lit[:, : motion.model.nbody][:, _below(motion, body)] = np.sqrt(share)[:, None]
    tracks = {"motion": Track(poses.position.astype(np.float32), poses.wxyz.astype(np.float32), lit)}
    if motion.kinematic_qpos is not None:
        at = motion.shown(pose(motion.model, motion.kinematic_qpos))
        dark = np.zeros((len(motion), 0), np.float32)
        tracks["kinematic"] = Track(at.origins.astype(np.float32), turns_of(at).astype(np.float32), dark)
    return tracks


def _below(motion: Motion, body: int) -> Bool[np.ndarray, " B"]:
    """Whether each body is this one or hangs on it: toes are the foot's."""
    found = np.zeros(motion.model.nbody, bool)
    for b in range(1, motion.model.nbody):
        found[b] = b == body or found[motion.model.body_parentid[b]]
    return found


#: Of frames that a reconstruction under way has not simulated yet; and all that a stretch may lack, in the
#: page's words.
TO_COME = "still to come"
LACKS = (NOT_SIMULATED, NOBODY_SEEN, TO_COME, ON_A_SEAT, CAMERA_MOVES)


def stretches_of(
    tracked: Bool[np.ndarray, " T"],
    simulated: Bool[np.ndarray, " T"],
    pending: Bool[np.ndarray, " T"] | None = None,
    on_a_seat: Bool[np.ndarray, " T"] | None = None,
    camera_unknown: bool = False,
) -> tuple[Stretch, ...]:
    """Runs of frames in which nobody was seen, or else that were not simulated, or are not yet."""
    lacking = np.full(len(tracked), "", dtype=object)
    if pending is not None:
        lacking[pending] = TO_COME
    lacking[~simulated] = CAMERA_MOVES if camera_unknown else NOT_SIMULATED
    if on_a_seat is not None:
        lacking[on_a_seat & ~simulated] = ON_A_SEAT
    lacking[~tracked] = NOBODY_SEEN
    found, start = [], 0
    for what, run in groupby(lacking.tolist()):
        end = start + len(list(run))
        if what:
            found.append(Stretch(start, end, what))
        start = end
    return tuple(found)
