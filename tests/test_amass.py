"""AMASS files, posed by the package smplx with a small body of SMPL's layout that is made here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from motions import walking
from support import require

from motionrecon.core.landmarks import INDEX
from motionrecon.errors import InputError
from motionrecon.export import export
from motionrecon.export.amass import LAYOUTS
from motionrecon.result.motion import Motion

#: Where a body of SMPL's kind has its body joints, metres: Y up, +Z forward, arms a little down and back.
BODY = {
    "Hips": (0, -0.24, 0.03), "LeftUpLeg": (0.06, -0.33, 0.01), "Spine": (0, -0.12, 0.0), "LeftLeg": (0.1, -0.7, 0.01),
    "Spine1": (0, 0.02, 0.03), "LeftFoot": (0.09, -1.1, -0.03), "Spine2": (0, 0.07, 0.03),
    "LeftToeBase": (0.12, -1.16, 0.09), "Neck": (0, 0.28, -0.01), "LeftShoulder": (0.08, 0.19, 0.0),
    "Head": (0, 0.37, 0.04), "LeftArm": (0.17, 0.22, -0.02), "LeftForeArm": (0.43, 0.2, -0.05),
    "LeftHand": (0.68, 0.21, -0.05),
}  # fmt: skip


def rest(layout: str) -> np.ndarray:
    """(J, 3) joints; fingers and face lie in their parents."""
    kind = LAYOUTS[layout]
    joints = np.zeros((len(kind.joints), 3))
    for j, (name, parent) in enumerate(zip(kind.joints, kind.parents, strict=True)):
        left = name.replace("Right", "Left")
        if left in BODY:
            joints[j] = np.array(BODY[left]) * ([-1, 1, 1] if left != name else [1, 1, 1])
        else:
            joints[j] = joints[parent]
    return joints


def body_file(folder: Path, layout: str) -> Path:
    """A body with a vertex at each joint; its shape makes legs and arms longer."""
    kind, joints = LAYOUTS[layout], rest(layout)
    count = len(joints)
    shapes = np.zeros((count, 3, {"smplh": 16, "smplx": 400}[layout]))
    for j, name in enumerate(kind.joints):
        below = {"LeftLeg": 1, "RightLeg": 1, "LeftFoot": 2, "RightFoot": 2, "LeftToeBase": 2, "RightToeBase": 2}
        shapes[j, 1, 0] = -0.02 * below.get(name, 0)
        out = {"ForeArm": 1, "Hand": 2}.get(name.removeprefix("Left").removeprefix("Right"), 0)
        shapes[j, 0, 1] = 0.02 * out * (1 if name.startswith("Left") else -1)
    parents = np.array(kind.parents)
    path = folder / f"{layout.upper()}_NEUTRAL.npz"
    hand = {f"hands_{what}{side}": np.zeros((45, 45) if what == "components" else 45)
            for side in "lr" for what in ("components", "mean")}  # fmt: skip
    np.savez(
        path, v_template=joints, J_regressor=np.eye(count), shapedirs=shapes, weights=np.eye(count),
        posedirs=np.zeros((count, 3, 9 * (count - 1))), f=np.array([[0, 1, 2]]),
        kintree_table=np.stack([np.where(parents < 0, 2**32 - 1, parents), np.arange(count)]),
        lmk_faces_idx=np.zeros(51, int), lmk_bary_coords=np.ones((51, 3)) / 3,
        dynamic_lmk_faces_idx=np.zeros((79, 17), int), dynamic_lmk_bary_coords=np.ones((79, 17, 3)) / 3, **hand,
    )  # fmt: skip
    return path


def posed(motion: Path, model: Path, layout: str) -> np.ndarray:
    """(T, J, 3) joints as smplx poses them."""
    require(find_spec("smplx"), "the package smplx")
    import smplx
    import torch

    with np.load(motion) as file:
        found = {key: torch.tensor(file[key], dtype=torch.float32) for key in ("poses", "trans", "betas")}
    frames, poses = len(found["poses"]), found["poses"]
    kind = {"smplh": smplx.SMPLHLayer, "smplx": smplx.SMPLXLayer}[layout]
    for tips in smplx.vertex_ids.vertex_ids.values():  # noses and nails, which this body has not
        tips.update(dict.fromkeys(tips, 0))
    used = 10 if layout == "smplh" else 16  # smplx takes no more of a file with so few
    options = {"num_betas": used, "ext": "npz", "dtype": torch.float32}
    body = kind(str(model), **options, **({"num_expression_coeffs": 4} if layout == "smplx" else {}))

    def matrices(first: int, last: int) -> torch.Tensor:
        joints = poses[:, 3 * first : 3 * last].reshape(-1, 3)
        return smplx.lbs.batch_rodrigues(joints).reshape(frames, last - first, 3, 3)

    hands = 25 if layout == "smplx" else 22
    face = (
        {"jaw_pose": matrices(22, 23), "leye_pose": matrices(23, 24), "reye_pose": matrices(24, 25),
         "expression": torch.zeros(frames, 4)}
        if layout == "smplx" else {}
    )  # fmt: skip
    out = body(
        betas=found["betas"][:used].expand(frames, -1), global_orient=matrices(0, 1), body_pose=matrices(1, 22),
        left_hand_pose=matrices(hands, hands + 15), right_hand_pose=matrices(hands + 15, hands + 30),
        transl=found["trans"], **face,
    )  # fmt: skip
    return out.joints[:, : len(LAYOUTS[layout].joints)].detach().numpy()


@pytest.fixture(scope="module")
def motion() -> Motion:
    return walking(6)


@pytest.mark.parametrize("layout", ["smplh", "smplx"])
def test_smplx_poses_it_as_the_person_moved(tmp_path: Path, motion: Motion, layout: str) -> None:
    model = body_file(tmp_path, layout)
    export(motion, tmp_path / "walk.npz", layout=layout, body_model=model, origin="world")
    joints = posed(tmp_path / "walk.npz", model, layout)
    names = LAYOUTS[layout].joints

    def found(name: str) -> np.ndarray:
        return joints[:, names.index(name)]

    def wanted(name: str) -> np.ndarray:
        return motion.joints[:, INDEX[name]]

    middle = (found("LeftUpLeg") + found("RightUpLeg")) / 2
    np.testing.assert_allclose(middle, (wanted("left_hip") + wanted("right_hip")) / 2, atol=1e-5)
    for side in ("Left", "Right"):
        s = side.lower()
        for a, b, start, end in (
            ("UpLeg", "Leg", "hip", "knee"), ("Leg", "Foot", "knee", "ankle"), ("Arm", "ForeArm", "shoulder", "elbow"),
            ("ForeArm", "Hand", "elbow", "wrist"),
        ):  # fmt: skip
            here, there = found(side + b) - found(side + a), wanted(f"{s}_{end}") - wanted(f"{s}_{start}")
            lengths = np.linalg.norm(here, axis=1), np.linalg.norm(there, axis=1)
            np.testing.assert_allclose((here * there).sum(1), lengths[0] * lengths[1], rtol=1e-5)
    with np.load(tmp_path / "walk.npz") as file:
        thigh = np.linalg.norm(found("LeftLeg") - found("LeftUpLeg"), axis=1)
        assert file["betas"][:2].any() and not file["betas"][2:].any()
        assert "fitted" in str(file["fitted"])
    ours = np.linalg.norm(wanted("left_knee") - wanted("left_hip"), axis=1)
    assert abs(thigh - ours).max() < 0.03


@pytest.mark.parametrize(
    ("layout", "width", "rate"), [("smplh", 156, "mocap_framerate"), ("smplx", 165, "mocap_frame_rate")]
)
def test_without_a_model_it_has_amasss_keys(tmp_path: Path, motion: Motion, layout: str, width: int, rate: str) -> None:
    export(motion, tmp_path / "walk.npz", layout=layout, gender="female", fps=60.0)
    with np.load(tmp_path / "walk.npz", allow_pickle=False) as file:
        found = dict(file)
    assert found["poses"].shape == (11, width) and found["trans"].shape == (11, 3)
    assert found["betas"].shape == (16,) and not found["betas"].any()
    assert float(found[rate]) == 60.0 and str(found["gender"]) == "female"
    if layout == "smplx":
        parts = [found[name] for name in ("root_orient", "pose_body", "pose_jaw", "pose_eye", "pose_hand")]
        np.testing.assert_array_equal(np.hstack(parts), found["poses"])


def test_wrong_body_models_are_one_line(tmp_path: Path, motion: Motion) -> None:
    other = body_file(tmp_path, "smplx")
    (tmp_path / "bad.npz").write_bytes(b"rubbish")
    np.savez(tmp_path / "empty.npz", nothing=np.zeros(3))
    for path, said in (
        (other, "it has 55 joints, and SMPL-H has 52: it is of SMPL-X"),
        (tmp_path / "bad.npz", "not a zip archive"),
        (tmp_path / "empty.npz", "it has no v_template"),
        (tmp_path / "missing.npz", "missing.npz"),
    ):
        with pytest.raises(InputError, match=f"body_model=.*{said}.*"):
            export(motion, tmp_path / "walk.npz", body_model=path)
    with pytest.raises(InputError, match="layout=smplxx: choose from smpl, smplh, smplx"):
        export(motion, tmp_path / "walk.npz", layout="smplxx")
    assert not (tmp_path / "walk.npz").exists()
