"""AMASS npz: the poses of an SMPL-H, SMPL-X or SMPL body, as the AMASS archive and what is trained on it read them.

**Of a body smpl, smplh or smplx they are its own**, exactly: the package smplx, with the same file, puts its joints
where ours are, and ``betas`` are the shape that was simulated. (SMPL's corrections of the skin that follow the pose are
in none of our files and pictures; smplx adds them.)

**Of other bodies they are fitted.** Our body is then not SMPL's. Each of its joints is turned in the world as ours is
from a T pose, joints that ours does not have stay straight, and the middle between the hips is where ours is. With
``body_model`` (SMPL's file, which its users have a licence for) the shape ``betas`` is fitted to our limbs' lengths,
arms and legs are turned so that they point where ours do in spite of SMPL's own rest pose, and the hips agree exactly.
Without it ``betas`` are 0, the mean shape, and the hips agree to about 2 cm.

Fingers turn as they were tracked, where they were; the face is at rest.

World Z-up, floor at z = 0, metres, radians (rotation vectors). ``poses`` (T, 72, 156 or 165), ``trans`` (T, 3),
``betas`` (16,), ``gender``, ``mocap_framerate`` (SMPL, SMPL-H) or ``mocap_frame_rate`` (SMPL-X, with the parts of
``poses`` by their names and ``surface_model_type``), and a sentence, ``exact`` or ``fitted``, that says which. (SMPL:
Loper et al. 2015; SMPL-H: Romero et al. 2017; SMPL-X: Pavlakos et al. 2019; AMASS: Mahmood et al. 2019.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from motionrecon.body.smpl.body import SmplAnatomy
from motionrecon.body.smpl.files import read as read_file
from motionrecon.body.smpl.layouts import LAYOUTS as RIGS
from motionrecon.core.files import write_arrays
from motionrecon.errors import InputError
from motionrecon.export.presets import Y_UP
from motionrecon.export.take import Take, one_of
from motionrecon.export.take import take as take_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: SMPL's body joints by our bones' names, where ours has them, and their parents; all layouts begin with these.
_BODY = (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
)  # fmt: skip
_FACE = ("Jaw", "LeftEye", "RightEye")
_HANDS = tuple(
    f"{side}Hand{finger}{i}"
    for side in ("Left", "Right")
    for finger in ("Index", "Middle", "Pinky", "Ring", "Thumb")
    for i in (1, 2, 3)
)
#: Limbs whose lengths betas are fitted to, and which are turned to point as ours do: their two ends.
_LIMBS = tuple(
    (f"{side}{a}", f"{side}{b}")
    for side in ("Left", "Right")
    for a, b in (("UpLeg", "Leg"), ("Leg", "Foot"), ("Arm", "ForeArm"), ("ForeArm", "Hand"))
)
#: Numbers of a shape that AMASS keeps, and how far each may be from 0, the mean, for a centimetre of a limb.
_BETAS, _PRIOR = 16, 0.01


@dataclass(frozen=True)
class Layout:
    """The joints of one of SMPL's kin.

    Attributes:
        joints: by our bones' names.
        parents: their parents.
        pelvis: (3,) where the mean neutral shape has the pelvis, in its own axes (Y up, +Z forward), to a centimetre.
        hips: (3,) from there to the middle between its hips.
        rate: the key of the frame rate.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    pelvis: tuple[float, float, float]
    hips: tuple[float, float, float]
    rate: str = "mocap_framerate"


_SMPLH_PELVIS, _SMPLH_HIPS = (0.0, -0.22, 0.03), (0.0, -0.09, -0.02)
LAYOUTS: dict[str, Layout] = {
    "smpl": Layout((*_BODY, "LeftPalm", "RightPalm"), RIGS["smpl"].parents, _SMPLH_PELVIS, _SMPLH_HIPS),
    "smplh": Layout((*_BODY, *_HANDS), RIGS["smplh"].parents, _SMPLH_PELVIS, _SMPLH_HIPS),
    "smplx": Layout(
        (*_BODY, *_FACE, *_HANDS), RIGS["smplx"].parents, (0.0, -0.35, 0.01), (0.0, -0.10, -0.02), "mocap_frame_rate"
    ),
}


@dataclass(frozen=True)
class Shape:
    """The body that a file is of.

    Attributes:
        betas: (k,) its shape.
        gender: neutral, male or female.
        rest: (J, 3) where its joints are in its rest pose, or (1, 3) the pelvis alone; None if nobody knows.
        said: how the file came about.
        exact: whether it is the body that was simulated.
    """

    betas: Float[np.ndarray, " k"]
    gender: str
    rest: Float[np.ndarray, "J 3"] | None
    said: str
    exact: bool = False


def write(
    motion: Motion,
    path: str | Path,
    *,
    layout: str | None = None,
    body_model: Path | None = None,
    gender: str | None = None,
    fps: float | None = None,
    origin: str = "start",
) -> None:
    """Write the motion of an SMPL body: the one that was simulated, or one that is fitted to it.

    Args:
        motion: the motion.
        path: the file.
        layout: smpl, smplh or smplx: which body's joints. Where not given, the simulated body's own, or else smplh.
        body_model: the .npz file of SMPL, SMPL-H or SMPL-X that you have, to fit its shape and its rest pose; without
            it, the mean shape. A body of that kind needs none.
        gender: neutral, male or female: of the body model. Where not given, the simulated body's own, or else neutral.
        fps: frames per second, interpolated; the motion's own where not given.
        origin: start or world, as of BVH.

    Raises:
        InputError: an option has a value that it cannot have, or the body model cannot be used.
        OutputError: the file cannot be written.
    """
    own = motion.body if isinstance(motion.body, SmplAnatomy) else None
    layout = layout or (own.kind if own else "smplh")
    one_of("layout", layout, tuple(LAYOUTS))
    if gender is not None:
        one_of("gender", gender, ("neutral", "male", "female"))
    kind = LAYOUTS[layout]
    take = take_of(motion, fps=fps, origin=origin)
    if own is not None and own.kind == layout and gender in (None, own.gender) and body_model is None:
        shape = _own(own)
        poses, trans = _exact(take, kind, shape)
    else:
        shape = _shape(take, layout, body_model, gender or "neutral")
        poses, trans = _fitted(take, kind, shape.rest)
    arrays = {
        "poses": poses,
        "trans": trans,
        "betas": np.pad(shape.betas, (0, _BETAS - len(shape.betas))),
        "gender": np.array(shape.gender),
        kind.rate: np.array(take.fps),
        "tracked": take.tracked,
        "exact" if shape.exact else "fitted": np.array(shape.said),
        **_parts(poses, layout),
    }
    write_arrays(path, arrays)


def _own(body: SmplAnatomy) -> Shape:
    """The simulated body's own shape."""
    betas, pelvis = body.betas, body.pelvis
    if not 0 < len(betas) <= _BETAS or pelvis.shape != (3,):
        raise InputError("model.xml does not say the shape (betas, pelvis) of its body: reconstruct the motion again")
    return Shape(betas, body.gender, pelvis[None], "the pose and the shape that motionrecon simulated", exact=True)


def _shape(take: Take, layout: str, body_model: Path | None, gender: str) -> Shape:
    """The shape of a fitted body: of a body model, nearest to ours; else the mean."""
    said = "fitted by motionrecon from its own body's joint rotations, "
    if body_model is None:
        return Shape(np.zeros(_BETAS), gender, None, f"{said}without a body model, mean shape")
    model = BodyModel.read(body_model, layout)
    betas = model.fitted(_lengths(take))
    return Shape(betas, gender, model.joints(betas), f"{said}shape and pose fitted to {body_model.name}")


def _parts(poses: Float[np.ndarray, "T p"], layout: str) -> dict[str, np.ndarray]:
    """What files of the layout have besides: of SMPL-H the soft tissue (none), of SMPL-X the poses by their parts."""
    if layout != "smplx":
        return {"dmpls": np.zeros((len(poses), 8))} if layout == "smplh" else {}
    names = {"root_orient": (0, 3), "pose_body": (3, 66), "pose_jaw": (66, 69), "pose_eye": (69, 75)}
    parts = {name: poses[:, first:last] for name, (first, last) in (names | {"pose_hand": (75, 165)}).items()}
    return parts | {"surface_model_type": np.array("smplx")}


def _exact(take: Take, layout: Layout, shape: Shape) -> tuple[Float[np.ndarray, "T p"], Float[np.ndarray, "T 3"]]:
    """Pose and translation of the body that was simulated: its bones are the layout's joints, and rest as these do."""
    assert shape.rest is not None
    return _local(_turned(take, layout, {}), layout), take.root - shape.rest[0]


def _fitted(
    take: Take, layout: Layout, rest: Float[np.ndarray, "J 3"] | None
) -> tuple[Float[np.ndarray, "T p"], Float[np.ndarray, "T 3"]]:
    """Rotation vectors of all joints, each in its parent, and the translation.

    Args:
        take: our bones, in a T pose at rest.
        layout: whose joints.
        rest: where the joints of the fitted body are in its own rest pose; None if nobody knows.
    """
    world = _turned(take, layout, {} if rest is None else _alignments(take, layout, rest))
    pelvis = np.array(layout.pelvis) if rest is None else rest[0]
    hips = np.array(layout.hips) if rest is None else rest[1:3].mean(0) - rest[0]
    middle = [take.names.index(name) for name in ("LeftUpLeg", "RightUpLeg")]
    wanted = take.root + take.turned[:, 0] @ (take.heads[middle].mean(0) - take.heads[0])
    return _local(world, layout), wanted - world[:, 0] @ hips - pelvis


def _turned(
    take: Take, layout: Layout, aligned: Mapping[str, Float[np.ndarray, "3 3"]]
) -> Float[np.ndarray, "T J 3 3"]:
    """How the joints are turned in the world, as our bones are from where they are aligned with these."""
    ours = {name: i for i, name in enumerate(take.names)}
    world = np.empty((len(take), len(layout.joints), 3, 3))
    for j, (name, parent) in enumerate(zip(layout.joints, layout.parents, strict=True)):
        if name in ours:
            world[:, j] = take.turned[:, ours[name]] @ Y_UP.T @ aligned.get(name, np.eye(3))
        else:
            world[:, j] = world[:, parent]
    return world


def _local(world: Float[np.ndarray, "T J 3 3"], layout: Layout) -> Float[np.ndarray, "T p"]:
    """Rotation vectors of the joints, each in its parent."""
    local = world.copy()
    children = np.arange(1, len(layout.parents))
    local[:, 1:] = world[:, np.array(layout.parents)[children]].transpose(0, 1, 3, 2) @ world[:, children]
    return np.asarray(Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(len(world), -1))


def _alignments(take: Take, layout: Layout, rest: Float[np.ndarray, "J 3"]) -> Mapping[str, Float[np.ndarray, "3 3"]]:
    """How arms and legs of the fitted body are turned, in its axes, from its own rest pose to our T pose."""
    found: dict[str, np.ndarray] = {}
    for start, end in _LIMBS:
        here = Y_UP @ (take.heads[take.names.index(end)] - take.heads[take.names.index(start)])
        there = rest[layout.joints.index(end)] - rest[layout.joints.index(start)]
        found[start] = Rotation.align_vectors(here[None], there[None])[0].as_matrix()
    for side in ("Left", "Right"):  # hands go with their forearms, and fingers with their hands
        for name in layout.joints:
            if name.startswith(f"{side}Hand"):
                found[name] = found[f"{side}ForeArm"]
    return found


def _lengths(take: Take) -> Float[np.ndarray, " 8"]:
    at = {name: head for name, head in zip(take.names, take.heads, strict=True)}
    return np.array([np.linalg.norm(at[end] - at[start]) for start, end in _LIMBS])


@dataclass(frozen=True)
class BodyModel:
    """What SMPL's file tells of where a body's joints are: linear in its shape.

    Attributes:
        layout: whose joints.
        mean: (J, 3) of the mean shape in the rest pose, metres; Y up, +Z forward.
        moves: (J, 3, k) by each number of the shape.
    """

    layout: Layout
    mean: Float[np.ndarray, "J 3"]
    moves: Float[np.ndarray, "J 3 k"]

    @classmethod
    def read(cls, path: Path, layout: str) -> BodyModel:
        """Read the ``.npz`` of one of SMPL's kin; a ``.pkl`` holds programs, and is not opened.

        Raises:
            InputError: it is no such file.
        """
        file = read_file(layout, path, "neutral")
        return cls(
            LAYOUTS[layout], file.regressor @ file.vertices, np.einsum("jv,vik->jik", file.regressor, file.shapes)
        )

    def joints(self, betas: Float[np.ndarray, " k"]) -> Float[np.ndarray, "J 3"]:
        """Where the joints of a shape are in its rest pose."""
        return np.asarray(self.mean + self.moves @ betas[: self.moves.shape[2]])

    def fitted(self, lengths: Float[np.ndarray, " 8"]) -> Float[np.ndarray, " k"]:
        """The shape nearest to the mean whose limbs have these lengths."""
        a, b = (np.array([self.layout.joints.index(limb[end]) for limb in _LIMBS]) for end in (0, 1))

        def away(betas: Float[np.ndarray, " k"]) -> Float[np.ndarray, " r"]:
            at = self.joints(betas)
            return np.concatenate([np.linalg.norm(at[b] - at[a], axis=1) - lengths, _PRIOR * betas])

        betas = np.zeros(_BETAS)
        betas[: self.moves.shape[2]] = least_squares(away, np.zeros(self.moves.shape[2])).x
        return betas
