"""Every reader of files that a user may have, with a sample of what it reads, and what makes a result silently wrong.

A reader refuses (one of motionrecon's errors), tells (a warning), or gives a result. A result is silently wrong where
nothing was told and

- the file holds its own hash (caches, results, shipped weights): it differs in anything from the undamaged one;
- the file has checksums (npz), and its bytes were damaged: the same;
- otherwise, where the file cannot tell that a number is another one: the result is not what an independent reading of
  the damaged file gives, or breaks a promise that the reader makes of every result (shapes, ranges, rotations that
  rotate, as many frames as announced).
"""

from __future__ import annotations

import io
import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature as parameters
from pathlib import Path
from typing import Any

import cv2
import mutations
import numpy as np
from boards import rendered
from camera_texts import opencv_json, opencv_xml, opencv_yaml, pose2sim, qualisys
from clips import write_clip
from motions import filmed_by, simulated
from smpl_files import body_arrays

from motionrecon.body.smpl import files as body_files
from motionrecon.body.smpl.family import family
from motionrecon.cameras.files.load import load_camera
from motionrecon.chessboard.board import Board
from motionrecon.chessboard.shots import look
from motionrecon.core.cache import Checkpoint
from motionrecon.core.progress import Silent
from motionrecon.keypoints import load_keypoints
from motionrecon.optimus import weights
from motionrecon.optimus.poses import files as pose_networks
from motionrecon.pipeline import reconstruct
from motionrecon.poses import bank
from motionrecon.projects import opened
from motionrecon.result.films import films_of
from motionrecon.result.folder import MARKER, ResultFolder, read_marker
from motionrecon.result.motion import Motion
from motionrecon.video import frames, probe
from motionrecon.viewer.facts import facts_of

#: What a reader gave, by name: arrays, texts, numbers.
Result = dict[str, Any]


@dataclass(frozen=True)
class Reader:
    """One way in.

    Attributes:
        name: of the reader and its file.
        file: the file that is damaged, in the sample's folder.
        read: reads the sample in a folder; its argument collects what the user was told besides.
        byte_damages: ways to damage bytes.
        absurdities: ways to make well-formed nonsense; none where a hash finds that anyway.
        wrong: why a result is silently wrong, or None: (undamaged, damaged, content of the damaged file, of bytes).
    """

    name: str
    file: str
    read: Callable[[Path, list[str]], Result]
    wrong: Callable[[Result, Result, bytes, bool], str | None]
    byte_damages: tuple[mutations.Damage, ...] = mutations.BYTES
    absurdities: tuple[mutations.Damage, ...] = ()


class Told(Silent):
    """Progress that notes what it is told."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def warn(self, text: str) -> None:
        self._told.append(text)


def same(one: Any, other: Any) -> bool:
    """Whether two results hold the same values of the same types, NaN being NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return type(one) is type(other) and (one == other or (one != one and other != other))


def _any_difference(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    if same(undamaged, damaged):
        return None
    keys = [key for key in undamaged.keys() | damaged.keys() if not same(undamaged.get(key), damaged.get(key))]
    return f"{', '.join(sorted(keys))} changed and nobody said so"


# Keypoints


def keypoints() -> dict[str, np.ndarray]:
    """Somebody who walks through a picture of 640 x 360, 30 frames."""
    rng = np.random.default_rng(0)
    body = rng.uniform((-30, -90), (30, 90), (33, 2))
    pixels = (
        body + np.stack([np.linspace(100, 500, 30), np.full(30, 180.0)], 1)[:, None] + rng.normal(0, 0.5, (30, 33, 2))
    )
    return {
        "pixels": pixels,
        "confidence": rng.uniform(0.5, 1, (30, 33)),
        "points_3d": rng.normal(0, 0.3, (30, 33, 3)),
        "fps": np.array(30.0),
        "image_size": np.array([640, 360]),
    }


def _read_keypoints(path: Path, told: list[str]) -> Result:
    found = load_keypoints(path)
    told.extend(found.warnings)
    return {name: value for name, value in vars(found).items() if name != "warnings"}


def _keypoints_broken(found: Result) -> str | None:
    count, pixels = len(found["pixels"]), found["pixels"]
    if pixels.shape != (count, 33, 2) or found["points_3d"].shape != (count, 33, 3) or count < 2:
        return f"shapes {pixels.shape}, {found['points_3d'].shape}"
    confidence = found["confidence"]
    if not ((confidence >= 0) & (confidence <= 1)).all() or (confidence[np.isnan(pixels).any(-1)] > 0).any():
        return "confidence outside 0 to 1, or in what is unknown"
    if np.isinf(pixels).any() or np.isinf(found["points_3d"]).any():
        return "infinite"
    fps, size = found["fps"], found["image_size"]
    return None if 0 < fps < np.inf and min(size) > 0 else f"fps {fps}, image size {size}"


def _keypoints_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    if broken := _keypoints_broken(damaged):
        return broken
    if of_bytes:
        return _any_difference(undamaged, damaged, content, of_bytes)
    with np.load(io.BytesIO(content)) as archive:  # an independent reading
        pixels = archive["pixels"].astype(float)
        fps, size = float(archive["fps"]), tuple(archive["image_size"].tolist())
    known = np.isfinite(damaged["pixels"])
    if not np.array_equal(damaged["pixels"][known], pixels[known]) or damaged["fps"] != fps:
        return "other pixels or frame rate than the file has"
    return None if damaged["image_size"] == size else f"image size {damaged['image_size']} of {size}"


def _openpose(folder: Path) -> None:
    pixels = keypoints()["pixels"]
    for frame in range(6):
        people = [
            {
                "person_id": [-1],
                "pose_keypoints_2d": np.c_[pixels[frame, :25], np.full(25, 0.9)].round(3).ravel().tolist(),
            }
        ]
        text = json.dumps({"version": 1.3, "people": people})
        (folder / f"walk_{frame:012d}_keypoints.json").write_text(text)


def _read_openpose(folder: Path, told: list[str]) -> Result:
    found = load_keypoints(folder, fps=30.0, image_size=(640, 360))
    told.extend(found.warnings)
    return {name: value for name, value in vars(found).items() if name != "warnings"}


def _openpose_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    if broken := _keypoints_broken(damaged):
        return broken
    if len(damaged["pixels"]) != len(undamaged["pixels"]):
        return f"{len(damaged['pixels'])} frames of {len(undamaged['pixels'])}"
    numbers = set(keypoints()["pixels"][:6, :25].round(3).ravel().tolist())
    found: list[Any] = [json.loads(content.decode("utf-8-sig"), parse_int=float)]
    while found:
        value = found.pop()
        if isinstance(value, dict | list):
            found.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, float):
            numbers.add(value)
    known = damaged["pixels"][np.isfinite(damaged["pixels"])]
    return None if set(known.tolist()) <= numbers else "pixels that stand in no file"


# Cameras

_K = [[900.0, 0, 320], [0, 900, 180], [0, 0, 1]]
_R = [[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]
_POSED = (np.array(_K), np.array([0.01, -0.02, 0.001, 0.0005]), (640, 360), np.array(_R), np.array([0.1, 1.2, 4.0]))


def _reading_camera(name: str) -> Callable[[Path, list[str]], Result]:
    return lambda folder, told: _read_camera(folder / name, told)


def _read_camera(path: Path, told: list[str]) -> Result:
    camera = load_camera(path, None, (640, 360), Told(told))
    R, t = camera.R_camera_world, camera.t_camera_world
    distortion, calibrated = camera.distortion, camera.calibrated
    return {
        "K": camera.K,
        "R": R,
        "t": t,
        "distortion": distortion,
        "calibrated": calibrated,
        "size": camera.image_size,
    }


def _camera_broken(found: Result) -> str | None:
    K, R = found["K"], found["R"]
    if not all(np.isfinite(found[key]).all() for key in ("K", "R", "t", "distortion")):
        return "not finite"
    if not np.allclose(R @ R.T, np.eye(3), atol=1e-6) or np.linalg.det(R) < 0:
        return "R is no rotation"
    if K[0, 0] <= 0 or K[1, 1] <= 0 or not np.allclose(K[2], [0, 0, 1]):
        return f"K is {K.tolist()}"
    return None


def _camera_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    return _camera_broken(damaged)


def _toml_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    if broken := _camera_broken(damaged):
        return broken
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        tree = tomllib.loads(content.decode(encoding).replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        return None  # a calibration of another format under this name
    matrices = [section["matrix"] for section in tree.values() if isinstance(section, dict) and "matrix" in section]
    if matrices and not any(np.allclose(damaged["K"], np.reshape(matrix, (3, 3))) for matrix in matrices):
        return "other intrinsics than the file has"
    return None


# Projects


def _project(folder: Path) -> None:
    (folder / "calibration").mkdir()
    (folder / "calibration" / "Calib.toml").write_text(pose2sim(*_POSED))
    (folder / "Config.toml").write_text(
        "[project]\nmulti_person = false\nparticipant_height = 1.72\nparticipant_mass = [70.0]\nframe_rate = 30\n"
        "frame_range = [1, 5]\n[pose]\npose_model = 'Body_with_feet'\n[calibration]\n"
    )
    (folder / "pose" / "cam_1_json").mkdir(parents=True)
    _openpose(folder / "pose" / "cam_1_json")


def _read_project(folder: Path, told: list[str]) -> Result:
    nothing = dict.fromkeys(parameters(reconstruct).parameters) | {"video": folder, "person": "largest"}
    values, remarks = opened(nothing)
    told.extend(remark for remark in remarks if "keypoints are those" not in remark)
    return values


def _project_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    for name in ("height", "mass", "filmed_fps", "start", "end"):
        if not isinstance(damaged[name], float | None):
            return f"{name} is {damaged[name]!r}"
    files = [Path(path).name for path in [*damaged["keypoints"], damaged["camera"]]]
    return None if files == ["cam_1_json", "Calib.toml"] else "other files than those of the project"


# Videos


def _film(path: Path) -> None:
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 255, (90, 160, 3), np.uint8)
    write_clip(path, [np.roll(ground, shift, 1) for shift in range(12)])


def _read_video(path: Path, told: list[str]) -> Result:
    info = probe(path)
    told.extend(info.warnings)
    shapes = [image.shape for image in frames(path, info=info)]
    facts = {"size": info.image_size, "fps": info.fps, "announced": info.frame_count}
    return facts | {"frames": len(shapes), "shapes": sorted(set(shapes))}


def _video_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    width, height = damaged["size"]
    if damaged["shapes"] not in ([], [(height, width, 3)]):
        return f"frames of {damaged['shapes']} in a film of {damaged['size']}"
    if damaged["frames"] > damaged["announced"]:
        return f"{damaged['frames']} frames, {damaged['announced']} announced"
    return None if 0 < damaged["fps"] < 1e4 else f"{damaged['fps']} fps"


# Pictures of a chessboard

_BOARD = Board(7, 4, 0.04)


def _board_picture(path: Path) -> None:
    R = np.diag([1.0, -1.0, -1.0])
    at = np.array([0.0, 0.0, 0.4]) - R @ _BOARD.points.mean(0)
    cv2.imwrite(str(path), rendered(np.array([[200.0, 0, 100], [0, 200, 75], [0, 0, 1]]), R, at, _BOARD, (200, 150)))


def _read_board(path: Path, told: list[str]) -> Result:
    found = look(path, _BOARD)
    return {"size": found.image_size, "corners": [shot.corners for shot in found.shots]}


def _board_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    for corners in damaged["corners"]:
        if corners.shape != (28, 2) or not np.isfinite(corners).all():
            return "corners that are none"
    return None


# Results


def _read_motion(folder: Path, told: list[str]) -> Result:
    motion = Motion.load(folder)
    repr(motion), motion.simulated, motion.time  # what `view` asks for, besides what is compared
    facts_of(motion.report)
    motion.report.get("source")
    plain = json.dumps(dict(motion.report), sort_keys=True, default=str)
    names = ("joints", "qpos", "qvel", "ctrl", "segments", "root_wrench", "contact_force", "joint_torque", "tracked")
    arrays = {name: getattr(motion, name) for name in names}
    facts = {"fps": motion.fps, "timestep": motion.timestep, "model": motion.model_xml, "report": plain}
    camera = motion.camera
    facts |= {"K": camera.K, "R": camera.R_camera_world, "t": camera.t_camera_world}
    for i, further in enumerate(motion.further_cameras):
        facts |= {f"K{i}": further.K, f"R{i}": further.R_camera_world, f"t{i}": further.t_camera_world}
        facts |= {f"tracked{i}": motion.tracked_in(i + 1), f"start{i}": films_of(motion)[i + 1].start}
    return arrays | facts


def _publish(motion: Motion, folder: Path) -> None:
    with ResultFolder.claim(folder) as claimed, claimed.publish() as scratch:
        motion.save(scratch)


def _save_untied(motion: Motion, folder: Path) -> None:
    """A result as versions without hashes wrote it."""
    motion.save(folder)
    path = folder / "report.json"
    report = json.loads(path.read_text()) | {"warnings": ["made by an older version"]}
    del report["files"], report["sha256"]
    path.write_text(json.dumps(report))


def _untied_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    """Without hashes, as in a folder of an earlier version: arrays that are finite and fit each other."""
    lengths = {len(damaged[name]) for name in ("joints", "qpos", "qvel", "root_wrench", "contact_force", "tracked")}
    finite = all(np.isfinite(damaged[name]).all() for name in ("joints", "qpos", "qvel", "K", "R", "t"))
    if len(lengths) != 1 or not finite:
        return "arrays that do not fit each other, or are not finite"
    return None


def _read_cache(folder: Path, told: list[str]) -> Result:
    found = Checkpoint(folder, "fit", {"fps": 30.0}).load(Told(told))
    return {} if found is None else found


def _read_marker(folder: Path, told: list[str]) -> Result:
    found = read_marker(folder)
    with ResultFolder.claim(folder, force=True):
        pass
    return {"files": None if found is None else found["files"]}


def _marker_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    files = damaged["files"]
    if files is None or all(isinstance(v, str) and Path(k).name == k for k, v in files.items()):
        return None
    return "a name that leads out of the folder"


def _read_weights(path: Path, told: list[str]) -> Result:
    weights._loaded.cache_clear()
    rule = weights.read(path)
    return {key: value.numpy() for key, value in rule.state_dict().items()}


def _weights_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    shapes = [{key: value.shape for key, value in found.items()} for found in (undamaged, damaged)]
    return None if shapes[0] == shapes[1] else "tensors of other shapes"


def _read_shipped(folder: Path, told: list[str]) -> Result:
    before, weights.folder = weights.folder, lambda: folder
    try:
        return _read_weights(weights.find("adafactor"), told)
    finally:
        weights.folder = before


def _read_pose_network(path: Path, told: list[str]) -> Result:
    return dict(pose_networks.read(path).weights)


def _read_bank(path: Path, told: list[str]) -> Result:
    before, bank.bank_file = bank.bank_file, lambda kind: path
    bank._learned.cache_clear()
    try:
        found = bank._learned("capsules")
        return {"poses": found.poses, "hinges": " ".join(found.hinges)}
    finally:
        bank.bank_file = before
        bank._learned.cache_clear()


def _read_body(path: Path, told: list[str]) -> Result:
    found = body_files.read("smplx", path, "neutral")
    people = family(found)
    return {name: getattr(found, name) for name in ("vertices", "shapes", "weights", "faces")} | {
        "points": people.points, "segments": people.segments, "volume": people.volume(np.zeros(body_files.BETAS))
    }  # fmt: skip


def _body_wrong(undamaged: Result, damaged: Result, content: bytes, of_bytes: bool) -> str | None:
    if of_bytes:
        return _any_difference(undamaged, damaged, content, of_bytes)
    count, numbers = len(damaged["vertices"]), [value for value in damaged.values() if isinstance(value, np.ndarray)]
    if not all(np.isfinite(value).all() for value in numbers) or not damaged["volume"] > 0:
        return "infinite, or nobody"
    return None if damaged["faces"].max() < count == len(damaged["weights"]) else "faces of other vertices"


def samples(folder: Path) -> list[tuple[Reader, Path]]:
    """All readers, each with the folder of its sample."""
    made: list[tuple[Reader, Path]] = []

    def add(reader: Reader, make: Callable[[Path], object]) -> None:
        place = folder / f"{len(made)}"
        place.mkdir(parents=True)
        make(place)
        made.append((reader, place))

    archive = "walk.npz"
    own = Reader(
        "keypoints .npz",
        archive,
        lambda f, t: _read_keypoints(f / archive, t),
        _keypoints_wrong,
        absurdities=mutations.NPZ,
    )
    add(own, lambda f: np.savez(f / archive, **keypoints()))
    third = "walk_000000000002_keypoints.json"
    add(Reader("OpenPose .json", third, _read_openpose, _openpose_wrong, absurdities=mutations.JSON), _openpose)
    cameras = (
        ("toml", pose2sim, _toml_wrong),
        ("yml", opencv_yaml, _camera_wrong),
        ("xml", opencv_xml, _camera_wrong),
        ("json", opencv_json, _camera_wrong),
        ("qca.txt", qualisys, _camera_wrong),
    )
    for suffix, write, wrong in cameras:
        name = f"camera.{suffix}"
        ways = mutations.JSON if suffix == "json" else mutations.TEXT
        add(
            Reader(f"camera .{suffix}", name, _reading_camera(name), wrong, mutations.BYTES, ways),
            lambda f, name=name, write=write: (f / name).write_text(write(*_POSED)),
        )
    smplx = "SMPLX_NEUTRAL.npz"
    of_smplx = Reader(
        "SMPL-X .npz", smplx, lambda f, t: _read_body(f / smplx, t), _body_wrong, absurdities=mutations.NPZ
    )
    add(of_smplx, lambda f: np.savez(f / smplx, **body_arrays("smplx", shapes=20)))
    config = Reader("project Config.toml", "Config.toml", _read_project, _project_wrong, absurdities=mutations.TEXT)
    add(config, _project)
    add(
        Reader("video .mp4", "walk.mp4", lambda f, t: _read_video(f / "walk.mp4", t), _video_wrong),
        lambda f: _film(f / "walk.mp4"),
    )
    picture = Reader("board .png", "board.png", lambda f, t: _read_board(f / "board.png", t), _board_wrong)
    add(picture, lambda f: _board_picture(f / "board.png"))
    motion = simulated()
    of_two = filmed_by(motion, (None, 0.0), (None, 0.25))
    models = (*mutations.TEXT, mutations.xml, mutations.xml)
    for name, ways in (("motion.npz", mutations.NPZ), ("model.xml", models), ("report.json", mutations.JSON)):
        result = Reader(f"result {name}", name, _read_motion, _any_difference, mutations.BYTES, ways)
        add(result, lambda f: _publish(motion, f))
        several = Reader(f"result of two cameras {name}", name, _read_motion, _any_difference, mutations.BYTES, ways)
        add(several, lambda f: _publish(of_two, f))
        older = Reader(f"older result {name}", name, _read_motion, _untied_wrong, mutations.BYTES, ways)
        add(older, lambda f: _save_untied(motion, f))
    checkpoint = Checkpoint(Path("x"), "fit", {"fps": 30.0}).path
    assert checkpoint is not None
    add(
        Reader("cache", checkpoint.name, _read_cache, _any_difference, absurdities=mutations.NPZ),
        lambda f: Checkpoint(f, "fit", {"fps": 30.0}).save(
            {"qpos": np.arange(60.0).reshape(20, 3), "frame": np.array(7)}
        ),
    )

    def claim(f: Path) -> None:
        with ResultFolder.claim(f, options={"height": 1.8}) as claimed, claimed.publish() as scratch:
            (scratch / "report.json").write_text("{}")

    add(Reader("marker", MARKER, _read_marker, _marker_wrong, mutations.BYTES, mutations.JSON), claim)
    mine, shipped = "own.safetensors", "adafactor.safetensors"
    source = weights.folder() / shipped
    add(
        Reader("weights, one's own", mine, lambda f, t: _read_weights(f / mine, t), _weights_wrong),
        lambda f: shutil.copy(source, f / mine),
    )
    add(
        Reader("weights, shipped", shipped, _read_shipped, _any_difference),
        lambda f: [shutil.copy(path, f) for path in (source, weights.folder() / "weights.toml")],
    )
    network = pose_networks.SHIPPED.find("poses")
    add(
        Reader("weights of poses, one's own", mine, lambda f, t: _read_pose_network(f / mine, t), _weights_wrong),
        lambda f: shutil.copy(network, f / mine),
    )
    poses = bank.bank_file()
    add(
        Reader("bank of poses", poses.name, lambda f, t: _read_bank(f / poses.name, t), _any_difference),
        lambda f: [shutil.copy(path, f) for path in (poses, poses.with_suffix(".toml"))],
    )
    return made
