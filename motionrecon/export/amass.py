"""AMASS npz: the poses of an SMPL-H or SMPL-X body, as the AMASS archive and what is trained on it read them.

**The pose is fitted.** Our body is not SMPL's. Each of its joints is turned in the world as ours is from a T pose,
joints that ours does not have stay straight, and the middle between the hips is where ours is. With ``body_model``
(SMPL's file, which its users have a licence for) the shape ``betas`` is fitted to our limbs' lengths, arms and legs are
turned so that they point where ours do in spite of SMPL's own rest pose, and the hips agree exactly. Without it
``betas`` are 0, the mean shape, and the hips agree to about 2 cm.

World Z-up, floor at z = 0, metres, radians (rotation vectors). ``poses`` (T, 156 or 165), ``trans`` (T, 3), ``betas``
(16,), ``gender``, ``mocap_framerate`` (SMPL-H) or ``mocap_frame_rate`` (SMPL-X, with the parts of ``poses`` by their
names and ``surface_model_type``), and ``fitted``, a sentence that says so. (SMPL: Loper et al. 2015; SMPL-H: Romero et
al. 2017; SMPL-X: Pavlakos et al. 2019; AMASS: Mahmood et al. 2019.)
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

from motionrecon.core.files import read_arrays, write_arrays
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
_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
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
    rate: str


def _hands(first: int) -> tuple[int, ...]:
    """Parents of the fingers' joints, the first of which is number ``first``: wrists are 20 and 21."""
    return tuple((20 + i // 15) if i % 3 == 0 else first + i - 1 for i in range(30))


LAYOUTS: dict[str, Layout] = {
    "smplh": Layout(
        (*_BODY, *_HANDS), (*_BODY_PARENTS, *_hands(22)), (0.0, -0.22, 0.03), (0.0, -0.09, -0.02), "mocap_framerate"
    ),
    "smplx": Layout(
        (*_BODY, *_FACE, *_HANDS), (*_BODY_PARENTS, 15, 15, 15, *_hands(25)), (0.0, -0.35, 0.01), (0.0, -0.10, -0.02),
        "mocap_frame_rate",
    ),
}  # fmt: skip


def write(
    motion: Motion,
    path: str | Path,
    *,
    layout: str = "smplh",
    body_model: Path | None = None,
    gender: str = "neutral",
    fps: float | None = None,
    origin: str = "start",
) -> None:
    """Write the motion of an SMPL body that was fitted to ``motion``.

    Args:
        motion: the motion.
        path: the file.
        layout: smplh (the default) or smplx: which body's joints.
        body_model: the .npz file of SMPL-H or SMPL-X that you have, to fit its shape and its rest pose; without it,
            the mean shape.
        gender: neutral (the default), male or female: of the body model.
        fps: frames per second, interpolated; the motion's own where not given.
        origin: start or world, as of BVH.

    Raises:
        InputError: an option has a value that it cannot have, or the body model cannot be used.
        OutputError: the file cannot be written.
    """
    one_of("layout", layout, tuple(LAYOUTS))
    one_of("gender", gender, ("neutral", "male", "female"))
    kind = LAYOUTS[layout]
    take = take_of(motion, fps=fps, origin=origin)
    model = None if body_model is None else BodyModel.read(body_model, layout)
    betas = np.zeros(_BETAS) if model is None else model.fitted(_lengths(take))
    poses, trans = _fitted(take, kind, None if model is None else model.joints(betas))
    how = "without a body model, mean shape" if body_model is None else f"shape and pose fitted to {body_model.name}"
    arrays = {
        "poses": poses,
        "trans": trans,
        "betas": betas,
        "gender": np.array(gender),
        kind.rate: np.array(take.fps),
        "tracked": take.tracked,
        "fitted": np.array(f"fitted by motionrecon from its own body's joint rotations, {how}"),
        **_parts(poses, layout),
    }
    write_arrays(path, arrays)


def _parts(poses: Float[np.ndarray, "T p"], layout: str) -> dict[str, np.ndarray]:
    """What files of the layout have besides: of SMPL-H the soft tissue (none), of SMPL-X the poses by their parts."""
    if layout == "smplh":
        return {"dmpls": np.zeros((len(poses), 8))}
    names = {"root_orient": (0, 3), "pose_body": (3, 66), "pose_jaw": (66, 69), "pose_eye": (69, 75)}
    parts = {name: poses[:, first:last] for name, (first, last) in (names | {"pose_hand": (75, 165)}).items()}
    return parts | {"surface_model_type": np.array("smplx")}


def _fitted(
    take: Take, layout: Layout, rest: Float[np.ndarray, "J 3"] | None
) -> tuple[Float[np.ndarray, "T p"], Float[np.ndarray, "T 3"]]:
    """Rotation vectors of all joints, each in its parent, and the translation.

    Args:
        take: our bones, in a T pose at rest.
        layout: whose joints.
        rest: where the joints of the fitted body are in its own rest pose; None if nobody knows.
    """
    ours = {name: i for i, name in enumerate(take.names)}
    aligned = {} if rest is None else _alignments(take, layout, rest)
    world = np.empty((len(take), len(layout.joints), 3, 3))
    local = np.empty_like(world)
    for j, (name, parent) in enumerate(zip(layout.joints, layout.parents, strict=True)):
        if name in ours:
            world[:, j] = take.turned[:, ours[name]] @ Y_UP.T @ aligned.get(name, np.eye(3))
        else:
            world[:, j] = world[:, parent]
        local[:, j] = world[:, j] if parent < 0 else world[:, parent].transpose(0, 2, 1) @ world[:, j]
    poses = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(len(take), -1)
    pelvis = np.array(layout.pelvis) if rest is None else rest[0]
    hips = np.array(layout.hips) if rest is None else rest[1:3].mean(0) - rest[0]
    middle = [ours["LeftUpLeg"], ours["RightUpLeg"]]
    wanted = take.root + take.turned[:, 0] @ (take.heads[middle].mean(0) - take.heads[0])
    return poses, wanted - world[:, 0] @ hips - pelvis


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
        """Read SMPL-H's or SMPL-X's ``.npz``; a ``.pkl`` holds programs, and is not opened.

        Raises:
            InputError: it is no such file.
        """
        count = len(LAYOUTS[layout].joints)
        name = "SMPL-H (mano.is.tue.mpg.de)" if layout == "smplh" else "SMPL-X (smpl-x.is.tue.mpg.de)"
        get = f"give the .npz of {name}"
        try:
            found = read_arrays(path, ("J_regressor", "v_template", "shapedirs"), limit=2 << 30)
            regressor, template, shapes = (
                np.asarray(found[key], float) for key in ("J_regressor", "v_template", "shapedirs")
            )
        except KeyError as error:
            raise InputError(f"body_model={path}: it has no {error.args[0]}; {get}") from None
        except (OSError, ValueError) as error:
            raise InputError(f"body_model={path}: {error}; {get}") from None
        fits = regressor.ndim == 2 and len(regressor) == count and template.shape == (regressor.shape[1], 3)
        if not fits or shapes.ndim != 3 or shapes.shape[:2] != template.shape:
            raise InputError(f"body_model={path}: its arrays are not of a body with {count} joints; {get}")
        shapes = shapes[..., :_BETAS]
        return cls(LAYOUTS[layout], regressor @ template, np.einsum("jv,vik->jik", regressor, shapes))

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
