"""Where a person's joints are, by the markers on their skin, and where a detector would mark them.

Joint centres are found in a recording of the person standing still, and carried along by clusters of markers (Kabsch
1976). Hips that no marker tells are Bell's (Bell et al. 1990, J. Biomech. 23, 617-621). Heads and hands, which bear few
markers or none, are guessed: `Moved.measured` says what is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.core.gravity import GRAVITY
from motionrecon.core.landmarks import COUNT, INDEX, NAMES
from motionrecon.core.sides import SIDES
from motionrecon.core.vectors import unit
from motionrecon.data.suites.plates.opensim import PlateForces, read_markers
from motionrecon.data.suites.plates.trials import Trial

Places = Mapping[str, Float[np.ndarray, "3"]]


@dataclass(frozen=True)
class Limbs:
    """The markers of one side of a set, by their names.

    Attributes:
        thigh, shank, foot: clusters that move as one.
        forearm: likewise; empty where a marker is the elbow.
        hip, knee, ankle, elbow: markers whose mean is the joint's centre; no hip is Bell's.
        wrist: markers whose mean is the wrist's centre.
        heel, toe, acromion: markers.
        belt: one of a foot that stands still on a treadmill's belt.
    """

    thigh: tuple[str, ...]
    shank: tuple[str, ...]
    foot: tuple[str, ...]
    forearm: tuple[str, ...]
    hip: tuple[str, ...]
    knee: tuple[str, ...]
    ankle: tuple[str, ...]
    elbow: tuple[str, ...]
    wrist: tuple[str, ...]
    heel: str
    toe: str
    acromion: str
    belt: str


@dataclass(frozen=True)
class MarkerSet:
    """Whose markers bear which names.

    Attributes:
        pelvis: the cluster of the pelvis; of the last three the front ones and the sacrum where hips are Bell's.
        left, right: of the limbs.
    """

    pelvis: tuple[str, ...]
    left: Limbs
    right: Limbs

    def side(self, name: str) -> Limbs:
        return self.left if name == "left" else self.right


def _walk(p: str, thigh: int, shank: int) -> Limbs:
    return Limbs(
        thigh=(*(f"{p}.TH{i + 1}" for i in range(thigh)), f"{p}.Knee"),
        shank=(*(f"{p}.SH{i + 1}" for i in range(shank)), f"{p}.Ankle"),
        foot=(f"{p}.Heel", f"{p}.MT5", f"{p}.Toe"),
        forearm=(f"{p}.Elbow", f"{p}.Forearm", f"{p}.Wrist"),
        hip=(f"{p}_HJC",),
        knee=(f"{p}.KneeJoint",),
        ankle=(f"{p}.AnkleJoint",),
        elbow=(f"{p}.Elbow", f"{p}.MElbow"),
        wrist=(f"{p}.Wrist",),
        heel=f"{p}.Heel",
        toe=f"{p}.Toe",
        acromion=f"{p}.Shoulder",
        belt=f"{p}.MT5",
    )


def _run(p: str) -> Limbs:
    return Limbs(
        thigh=tuple(f"{p}TH{i}" for i in (1, 2, 3)),
        shank=tuple(f"{p}TB{i}" for i in (1, 2, 3)),
        foot=(f"{p}CAL", f"{p}TOE", f"{p}MT5"),
        forearm=(f"{p}LEL", f"{p}MEL", f"{p}FAulna", f"{p}FAradius"),
        hip=(f"{p}HJC",),
        knee=(f"{p}KJC",),
        ankle=(f"{p}AJC",),
        elbow=(f"{p}EJC",),
        wrist=(f"{p}FAradius", f"{p}FAulna"),
        heel=f"{p}CAL",
        toe=f"{p}TOE",
        acromion=f"{p}ACR",
        belt=f"{p}TOE",
    )


def _gait(p: str) -> Limbs:
    return Limbs(
        thigh=tuple(f"{p}.Thigh.{w}" for w in ("Upper", "Front", "Rear")),
        shank=tuple(f"{p}.Shank.{w}" for w in ("Upper", "Front", "Rear")),
        foot=(f"{p}.Heel", f"{p}.Midfoot.Sup", f"{p}.Midfoot.Lat", f"{p}.Toe.Tip"),
        forearm=(),
        hip=(),
        knee=(f"{p}.Knee.Lat", f"{p}.Knee.Med"),
        ankle=(f"{p}.Ankle.Lat", f"{p}.Ankle.Med"),
        elbow=(f"{p}.Elbow",),
        wrist=(f"{p}.Wrist.Med", f"{p}.Wrist.Lat"),
        heel=f"{p}.Heel",
        toe=f"{p}.Toe.Tip",
        acromion=f"{p}.Acromium",
        belt=f"{p}.Midfoot.Lat",
    )


SETS: dict[str, MarkerSet] = {
    "walk": MarkerSet(("R.ASIS", "L.ASIS", "R.PSIS", "S2", "L.PSIS"), _walk("L", 4, 3), _walk("R", 3, 4)),
    "run": MarkerSet(("LASI", "RASI", "LPSI", "RPSI"), _run("L"), _run("R")),
    "gait": MarkerSet(("R.ASIS", "L.ASIS", "V.Sacral"), _gait("L"), _gait("R")),
}
#: Where BlazePose marks a joint, off its centre, forwards, outwards and upwards in the frame of its segment, in shares
#: of the height: medians over rendered people with exact joints.
_MARKED = {
    "hip": (0.019, -0.004, -0.004),
    "shoulder": (0.004, -0.005, 0.018),
    "ankle": (0.005, 0.004, 0.009),
    "heel": (0.011, -0.002, 0.004),
    "foot_index": (-0.021, -0.003, 0.001),
}
_ELBOW_MARKED = -0.011  # along the upper arm
#: Height of the heel's and toe's landmarks over the sole of the shoe, and a marker's radius, metres.
_ABOVE_SOLE, _MARKER = 0.028, 0.010
#: How far the shoulder's centre is below the acromion, of the height.
_BELOW_ACROMION = 0.03
#: The face from the ears' middle, and the hands' reach from the wrists, in shares of the height.
_FACE = {"nose": (0.064, 0.0, -0.004)} | {
    name.format(side): (x, sign * y, z)
    for side, sign in (("left", 1.0), ("right", -1.0))
    for name, (x, y, z) in {
        "{}_ear": (0.0, 0.044, 0.0),
        "{}_eye_inner": (0.052, 0.010, 0.016),
        "{}_eye": (0.050, 0.018, 0.016),
        "{}_eye_outer": (0.046, 0.026, 0.016),
        "mouth_{}": (0.052, 0.014, -0.028),
    }.items()
}
_REACH = {"pinky": 0.046, "index": 0.052, "thumb": 0.020}
_MEASURED = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")


@dataclass(frozen=True)
class Moved:
    """A person in T frames of the markers' own rate, the floor at z = 0 and still.

    Attributes:
        time: (T,) seconds.
        joints: (T, 33, 3) of the landmarks, metres.
        marks: (T, 33, 3) where a detector would mark them.
        measured: (33,) where markers tell, and not a guess.
        belt: speed of the treadmill that is added to all places, m/s.
    """

    time: Float[np.ndarray, " T"]
    joints: Float[np.ndarray, "T 33 3"]
    marks: Float[np.ndarray, "T 33 3"]
    measured: Bool[np.ndarray, " 33"]
    belt: float = 0.0


def moved(trial: Trial, folder: Path, forces: PlateForces) -> Moved:
    """The person of a trial.

    Raises:
        InputError: a file cannot be read.
    """
    recorded, still = read_markers(folder / trial.markers), read_markers(folder / trial.static)
    names, height = SETS[trial.kind], trial.height
    static = {name: np.nanmean(place, axis=0) for name, place in still.at.items()}
    at, time = recorded.at, recorded.time
    belt = 0.0
    if trial.treadmill:
        belt = _belt_speed(names, at, time, forces, trial.mass)
        at = {name: place + belt * time[:, None] * [1.0, 0.0, 0.0] for name, place in at.items()}
    joints = np.full((len(time), COUNT, 3), np.nan)
    hips = _bell_hips(static, names.pelvis) if not names.left.hip else {}
    for side in SIDES:
        for name, place in _limbs(names, side, static, at, hips).items():
            joints[:, INDEX[name]] = place
    up, trunk = _trunk(names, at, joints, height)
    measured = np.array([any(part in name for part in _MEASURED) for name in NAMES])
    for name, place in _head(at, joints, trunk, up, height).items():
        joints[:, INDEX[name]] = place
    if "Top.Head" in at:
        measured[[INDEX["nose"], INDEX["left_ear"], INDEX["right_ear"]]] = True
    return Moved(time, joints, joints + _off(joints, trunk, up, height), measured, belt)


def _limbs(
    names: MarkerSet, side: str, static: Places, at: dict[str, np.ndarray], hips: Places
) -> dict[str, Float[np.ndarray, "T 3"]]:
    """The joints of one side."""
    mine = names.side(side)

    def centre(markers: tuple[str, ...]) -> Float[np.ndarray, " 3"]:
        return np.asarray(np.mean([static[name] for name in markers], axis=0))

    flat = np.array([1.0, 1.0, 0.0])
    forward = unit((static[mine.toe] - static[mine.heel]) * flat)
    ends = np.stack(
        [static[name] * flat + sign * _MARKER * forward for name, sign in ((mine.heel, 1.0), (mine.toe, -1.0))]
    )
    feet = _carried(static, at, mine.foot, ends + np.array([0.0, 0.0, _ABOVE_SOLE]))
    elbow = _carried(static, at, mine.forearm, centre(mine.elbow))[:, 0] if mine.forearm else at[mine.elbow[0]]
    hip = hips[side] if hips else centre(mine.hip)
    return {
        f"{side}_hip": _carried(static, at, names.pelvis, hip)[:, 0],
        f"{side}_knee": _carried(static, at, mine.thigh, centre(mine.knee))[:, 0],
        f"{side}_ankle": _carried(static, at, mine.shank, centre(mine.ankle))[:, 0],
        f"{side}_heel": feet[:, 0],
        f"{side}_foot_index": feet[:, 1],
        f"{side}_elbow": elbow,
        f"{side}_wrist": np.mean([at[name] for name in mine.wrist], axis=0),
    }


def _trunk(
    names: MarkerSet, at: dict[str, np.ndarray], joints: Float[np.ndarray, "T 33 3"], height: float
) -> tuple[Float[np.ndarray, "T 3"], Float[np.ndarray, "T 3 3"]]:
    """Up along the trunk, and its frame (columns forward, left, up); the shoulders are put into the joints."""
    hips = _middle(joints, "hip")
    up = unit(0.5 * (at[names.left.acromion] + at[names.right.acromion]) - hips)
    for side in SIDES:
        joints[:, INDEX[f"{side}_shoulder"]] = at[names.side(side).acromion] - _BELOW_ACROMION * height * up
    return up, _frame(joints[:, INDEX["left_shoulder"]] - joints[:, INDEX["right_shoulder"]], up)


def _head(
    at: dict[str, np.ndarray],
    joints: Float[np.ndarray, "T 33 3"],
    trunk: Float[np.ndarray, "T 3 3"],
    up: Float[np.ndarray, "T 3"],
    height: float,
) -> dict[str, Float[np.ndarray, "T 3"]]:
    """Face and hands: by the temples where there are markers, else of a head that is carried upright."""
    neck = _middle(joints, "shoulder")
    if "Top.Head" in at:
        head = _frame(at["L.Temple"] - at["R.Temple"], at["Top.Head"] - neck)
        ears = at["Top.Head"] - 0.075 * height * head[..., 2]
    else:
        head = _frame(trunk[..., 1], np.broadcast_to(unit(up.mean(0) + np.array([0.0, 0.0, 1.0])), up.shape))
        ears = neck + 0.118 * height * head[..., 2]
    found = {name: ears + height * head @ np.array(offset) for name, offset in _FACE.items()}
    for side in SIDES:
        wrist = joints[:, INDEX[f"{side}_wrist"]]
        arm = unit(wrist - joints[:, INDEX[f"{side}_elbow"]])
        found |= {f"{side}_{finger}": wrist + reach * height * arm for finger, reach in _REACH.items()}
    return found


def _off(
    joints: Float[np.ndarray, "T 33 3"],
    trunk: Float[np.ndarray, "T 3 3"],
    up: Float[np.ndarray, "T 3"],
    height: float,
) -> Float[np.ndarray, "T 33 3"]:
    """How far off the joints' centres a detector marks them."""
    off = np.zeros_like(joints)
    pelvis = _frame(joints[:, INDEX["left_hip"]] - joints[:, INDEX["right_hip"]], up)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        toe = joints[:, INDEX[f"{side}_foot_index"]] - joints[:, INDEX[f"{side}_heel"]]
        foot = _frame(np.cross([0.0, 0.0, 1.0], toe), np.cross(toe, np.cross([0.0, 0.0, 1.0], toe)))
        frames = {"hip": pelvis, "shoulder": trunk, "ankle": foot, "heel": foot, "foot_index": foot}
        for joint, frame in frames.items():
            off[:, INDEX[f"{side}_{joint}"]] = height * frame @ (np.array(_MARKED[joint]) * [1.0, sign, 1.0])
        arm = unit(joints[:, INDEX[f"{side}_elbow"]] - joints[:, INDEX[f"{side}_shoulder"]])
        off[:, INDEX[f"{side}_elbow"]] = _ELBOW_MARKED * height * arm
    return off


def _belt_speed(
    names: MarkerSet, at: dict[str, np.ndarray], time: Float[np.ndarray, " T"], forces: PlateForces, mass: float
) -> float:
    """Speed of a treadmill's belt: that of a foot which bears the body, the other way, m/s."""
    speeds = []
    for k, side in enumerate(SIDES):
        bears = np.interp(time, forces.time, forces.force[:, k, 2]) > 0.8 * mass * GRAVITY
        speeds.append(np.median(np.gradient(at[names.side(side).belt][:, 0], time)[bears]))
    return -float(np.mean(speeds))


def _bell_hips(static: Places, pelvis: tuple[str, ...]) -> dict[str, Float[np.ndarray, " 3"]]:
    """14 % medial, 30 % distal and 22 % behind the front spines, of their distance."""
    right, left, back = (static[name] for name in pelvis)
    middle, wide = 0.5 * (left + right), float(np.linalg.norm(left - right))
    y = unit(left - right)
    x = unit(middle - back - y * ((middle - back) @ y))
    z = np.cross(x, y)
    medial = {"left": -0.14 * y, "right": 0.14 * y}
    return {
        side: place + wide * (-0.22 * x - 0.30 * z + medial[side]) for side, place in (("left", left), ("right", right))
    }


def _carried(
    static: Places, at: dict[str, np.ndarray], cluster: tuple[str, ...], points: Float[np.ndarray, "*n 3"]
) -> Float[np.ndarray, "T n 3"]:
    """Points of the person standing still, carried along with a cluster of markers."""
    source = np.stack([static[name] for name in cluster])
    target = np.stack([at[name] for name in cluster], axis=1)
    middle, mean = source.mean(0), target.mean(1)
    u, _, vt = np.linalg.svd(np.einsum("ki,tkj->tij", source - middle, target - mean[:, None]))
    turn = np.ones((len(target), 3))
    turn[:, 2] = np.linalg.det(u @ vt)
    R = np.einsum("tji,tj,tkj->tik", vt, turn, u)
    return np.asarray(np.einsum("tij,nj->tni", R, np.atleast_2d(points) - middle) + mean[:, None])


def _middle(joints: Float[np.ndarray, "T 33 3"], joint: str) -> Float[np.ndarray, "T 3"]:
    return np.asarray(0.5 * (joints[:, INDEX[f"left_{joint}"]] + joints[:, INDEX[f"right_{joint}"]]))


def _frame(left: Float[np.ndarray, "T 3"], up: Float[np.ndarray, "T 3"]) -> Float[np.ndarray, "T 3 3"]:
    """Frames with the columns forward, left and up; up is kept."""
    z = unit(up)
    x = unit(np.cross(left, z))
    return np.stack([x, np.cross(z, x), z], axis=-1)
