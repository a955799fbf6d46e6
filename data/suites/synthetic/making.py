"""Makes a clip and keeps it: the motion, the film, the truth, what a detector saw.

What is kept is named by a hash of all that it was made from: the definition, the recipe's code, the sets of poses, and
the packages that it is computed with. A clip that is made once is never made again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.body.anatomical import WORLD
from motionrecon.core.blas import one_thread
from motionrecon.core.files import atomic, sha256
from motionrecon.core.sides import SIDES
from motionrecon.data import make_clip, simulate
from motionrecon.data.make_clip import Performance
from motionrecon.data.make_poses import FOLDER
from motionrecon.data.mannequin import INDEX, Mannequin
from motionrecon.data.scene import Prop
from motionrecon.data.suites.synthetic.acted import FPS, Acted
from motionrecon.data.suites.synthetic.catalogue import ACTIONS
from motionrecon.data.suites.synthetic.people import PEOPLE
from motionrecon.data.suites.synthetic.viewpoints import VIEWPOINTS
from motionrecon.errors import SimulationError
from motionrecon.mechanics.angles import JOINTS
from motionrecon.research.bench.fingerprint import of_files
from motionrecon.research.bench.reconstruct.suite import BenchClip
from motionrecon.research.bench.reconstruct.truth import Truth, save_truth

#: The recipe of motions, and what films them besides.
_MOTION = (
    *("mannequin", "carriage", "make_rendered"),
    *(f"suites.synthetic.{name}" for name in ("acted", "authored", "making", "recorded")),
)
_FILM = ("scene", "make_clip", "suites.synthetic.viewpoints")
#: Names of the segments of `motionrecon.mechanics.angles` among the mannequin's.
_SEGMENTS = {"trunk": "torso"}
TRUTH = "known.npz"
#: Jacobians for each window of a simulation; seconds at its beginning, in which the body settles, and at its end, where
#: nothing follows that it has to be ready for, that are not shown.
_EVALUATIONS, _SETTLES, _ENDS = 25, 0.35, 0.45


@dataclass(frozen=True)
class _Played:
    """What was done, and what else is in the room."""

    performance: Performance
    props: tuple[Prop, ...]


def made(clip: BenchClip, place: Path) -> Path:
    """The folder of a clip, made if it is not there: clip.mp4, camera.toml, and `TRUTH`, which comes last.

    Args:
        clip: of `motionrecon.data.suites.synthetic.catalogue`.
        place: where clips are kept.
    """
    folder = place / f"{clip.name}-{_film_key(clip)}"
    if not (folder / TRUTH).exists():
        with one_thread():
            _make(clip, folder)
    return folder


def _make(clip: BenchClip, folder: Path) -> None:
    actor, person = PEOPLE[clip.person], _dressed(clip.person)
    played = _played(clip, person, folder.parent)
    done = played.performance
    points = np.stack([person.skin(p, r)[::40] for p, r in zip(done.positions[::3], done.rotations[::3], strict=True)])
    front = done.rotations[0, INDEX["pelvis"], :, 0]
    camera = VIEWPOINTS[clip.camera].camera(points, float(np.arctan2(front[1], front[0])))
    folder.mkdir(parents=True, exist_ok=True)
    room = int(hashlib.sha256(clip.name.encode()).hexdigest()[:6], 16)
    make_clip.write(folder, person, done, camera, colours=actor.colours, props=played.props, seed=room)
    names, angles = mannequin_angles(done.rotations)
    joints = person.landmarks(done.positions, done.rotations)
    truth = Truth(FPS, joints, False, camera, person.height, done.mass, done.contact_force, names, angles)
    save_truth(truth, folder / TRUTH)


_people: dict[str, Mannequin] = {}


def _dressed(name: str) -> Mannequin:
    """A mannequin; kept, as Anny takes seconds to load."""
    if name not in _people:
        _people[name] = PEOPLE[name].dressed()
    return _people[name]


def _played(clip: BenchClip, person: Mannequin, place: Path) -> _Played:
    """The motion of a clip; a simulated one is kept for the clips that see it from elsewhere."""
    action = ACTIONS[clip.split][clip.action]
    acted = action.act.by(person)
    if not action.simulated:
        return _Played(acted.kinematic(person), acted.props)
    path = place / f"{clip.action.replace(' ', '_')}-{_motion_key(clip)}.npz"
    if not path.exists():
        _save(path, _simulated(person, acted))
    return _Played(_load(path), acted.props)


def _simulated(person: Mannequin, acted: Acted) -> Performance:
    """As a simulated body does it; as it is where that body loses it, which leaves the forces unknown."""
    try:
        done = simulate.track(
            person, acted.as_motion(person), skip=_SETTLES, evaluations=_EVALUATIONS, also=(simulate.PELVIS_TOP,)
        )
        return done.first(len(done.positions) - round(_ENDS * FPS))
    except SimulationError:
        return acted.kinematic(person)


def _save(path: Path, done: Performance) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **vars(done))


def _load(path: Path) -> Performance:
    with np.load(path, allow_pickle=False) as saved:
        arrays = dict(saved)
    return Performance(**arrays | {name: float(arrays[name]) for name in ("fps", "mass")})


def mannequin_angles(
    rotations: Float[np.ndarray, "T 15 3 3"],
) -> tuple[tuple[str, ...], Float[np.ndarray, "T A"]]:
    """The anatomical angles of a mannequin, radians, and their names; all of its segments are upright at zero."""
    axes = rotations @ WORLD
    names: list[str] = []
    values = []
    for joint in JOINTS:
        for side in SIDES if joint.paired else ("",):
            ends = [_segment(segment, side) for segment in (joint.proximal, joint.distal)]
            if None in ends:
                continue
            proximal, distal = (axes[:, INDEX[str(end)]] for end in ends)
            before = f"{side}_" if side else ""
            names += [before + one.name for one in joint.coordinates]
            values.append(joint.angles(proximal, distal, side, joint.coordinates))
    return tuple(names), np.concatenate(values, axis=1)


def _segment(name: str, side: str) -> str | None:
    """The mannequin's name of an anatomical segment; None where it has none."""
    return next((one for one in (_SEGMENTS.get(name, name), f"{side}_{name}") if one in INDEX), None)


def _motion_key(clip: BenchClip) -> str:
    """What a motion is made from."""
    action = ACTIONS[clip.split][clip.action]
    code = of_files(_names((*_MOTION, "simulate") if action.simulated else _MOTION))
    sets = {path.stem: sha256(path) for path in sorted(FOLDER.glob("*.npz"))}
    return _hashed(repr(PEOPLE[clip.person]), repr(action), code, *_versions("anny"), sets)


def _film_key(clip: BenchClip) -> str:
    """What a film is made from."""
    place = repr(VIEWPOINTS[clip.camera])
    return _hashed(_motion_key(clip), place, of_files(_names(_FILM)), *_versions("mujoco"))


def _names(modules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"motionrecon.data.{name}" for name in modules)


def _versions(*packages: str) -> list[str]:
    return [metadata.version(package) for package in packages]


def _hashed(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
