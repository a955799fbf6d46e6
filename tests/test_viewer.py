"""The viewer: what its page is told, the page itself in a headless browser, served and as a file, and its video."""

from __future__ import annotations

import base64
import inspect
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from support import HANGS, wait_until
from viewing import FPS, FRAMES, chromium, decode, frame_number, make_motion, write_video

import motionrecon.viewer
from motionrecon.body import build
from motionrecon.body.pieces import pieces, tapered
from motionrecon.body.pose import pose, zero_pose
from motionrecon.body.skin import skin_of
from motionrecon.body.surface import vertex_normals
from motionrecon.core.files import sha256
from motionrecon.errors import InputError, OutputError
from motionrecon.result.motion import Motion
from motionrecon.result.report import Report
from motionrecon.viewer import Viewer, view, write_page
from motionrecon.viewer.charts import CHARTS
from motionrecon.viewer.document import LACKS, Stretch, document_of, stretches_of
from motionrecon.viewer.facts import facts_of
from motionrecon.viewer.films import open_source
from motionrecon.viewer.keys import in_a_sentence, keys_of
from motionrecon.viewer.layers import LAYERS, Layer
from motionrecon.viewer.layers.body import skinned
from motionrecon.viewer.packing import as_json
from motionrecon.viewer.page import page as page_of
from motionrecon.viewer.parts import ArrowPart, BallPart, MeshPart, WordPart, bytes_of
from motionrecon.viewer.poses import Poses, compute_poses
from motionrecon.viewer.source_video import SourceVideo
from motionrecon.viewer.start_view import start_view


def shown_frame(source: SourceVideo, frame: int) -> int:
    """The number of the video's frame whose picture is given for a frame of the motion."""
    for _ in range(1000):
        if jpeg := source.cached(frame):
            return frame_number(jpeg)
        source.decode_towards(frame)
    raise AssertionError(f"frame {frame} is never decoded")


# ---------------------------------------------------------------- poses and meshes


def test_poses_are_mujocos() -> None:
    motion = make_motion()
    poses = compute_poses(motion)
    data = mujoco.MjData(motion.model)
    data.qpos[:] = motion.qpos[7]
    mujoco.mj_forward(motion.model, data)
    np.testing.assert_allclose(poses.position[7], data.xpos)
    np.testing.assert_allclose(poses.wxyz[7], data.xquat)
    np.testing.assert_allclose(poses.forward[7], [1, 0, 0], atol=1e-12)


def test_foot_force_is_summed_at_the_centre_of_pressure() -> None:
    poses = compute_poses(make_motion())
    assert poses.feet == ("left_foot",)
    np.testing.assert_allclose(poses.force[:, 0, 2], 400.0)
    np.testing.assert_allclose(poses.pressure[0, 0], [-0.1, 0.2, 0.0], atol=1e-12)  # all on the heel
    np.testing.assert_allclose(poses.pressure[-1, 0], [0.1, 0.2, 0.0], atol=1e-12)  # all on the toe
    assert poses.weight == pytest.approx(64 * 9.81)


@pytest.mark.parametrize(
    ("geom", "low", "high"),
    [
        ('type="capsule" fromto="0 0 0 0.4 0 0" size="0.1"', (-0.1, -0.1, -0.1), (0.5, 0.1, 0.1)),
        ('type="sphere" pos="0 0 1" size="0.1"', (-0.1, -0.1, 0.9), (0.1, 0.1, 1.1)),
        ('type="ellipsoid" size="0.1 0.2 0.3"', (-0.1, -0.2, -0.3), (0.1, 0.2, 0.3)),
        ('type="box" size="0.1 0.2 0.3" euler="0 0 90"', (-0.2, -0.1, -0.3), (0.2, 0.1, 0.3)),
        ('type="cylinder" size="0.1 0.3"', (-0.1, -0.1, -0.3), (0.1, 0.1, 0.3)),
    ],
)
def test_meshes_fill_their_geoms(geom: str, low: tuple[float, ...], high: tuple[float, ...]) -> None:
    model = mujoco.MjModel.from_xml_string(
        f'<mujoco><worldbody><geom size=".1"/><body name="b"><freejoint/><geom {geom}/></body></worldbody></mujoco>'
    )
    (mesh,) = pieces(model, skin_of(model))
    np.testing.assert_allclose(mesh.vertices.min(axis=0), low, atol=0.005)
    np.testing.assert_allclose(mesh.vertices.max(axis=0), high, atol=0.005)
    assert volume(mesh.vertices, mesh.faces) > 0, "faces must be counter-clockwise, or the browser shows the inside"


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Of what a closed mesh encloses; negative if its faces look inwards."""
    corners = vertices[faces]
    return float(np.einsum("fc,fc->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def test_a_tapered_limb_is_as_thick_at_each_end_as_it_should_be() -> None:
    ends, radii = np.array([[0.0, 0, 0], [0.0, 0.4, 0]]), np.array([0.1, 0.05])
    vertices, faces = tapered(ends, radii)
    first, second = vertices[: len(vertices) // 2], vertices[len(vertices) // 2 :]
    np.testing.assert_allclose(np.linalg.norm(first - ends[0], axis=1), 0.1)
    np.testing.assert_allclose(np.linalg.norm(second - ends[1], axis=1), 0.05)
    assert np.ptp(vertices[:, 1]) == pytest.approx(0.55)
    cone = np.pi * 0.4 * (0.1**2 + 0.1 * 0.05 + 0.05**2) / 3 + np.pi * 2 / 3 * (0.1**3 + 0.05**3)
    assert volume(vertices, faces) == pytest.approx(cone, rel=0.06)
    for turned in (np.array([[0.0, 0, 0.4], [0.0, 0, 0]]), np.zeros((2, 3))):
        assert volume(*tapered(turned, radii)) > 0


def test_the_persons_body_is_drawn_as_one_piece_a_limb_and_the_trunk_bends_between_two() -> None:
    body = build(1.75)
    drawn = pieces(body.model, body.skin)
    assert all(volume(piece.vertices, piece.faces) > 0 for piece in drawn)
    names = {piece.name for piece in drawn}
    assert {"left_foot", "right_foot", "left_shank", "pelvis", "torso", "head"} <= names
    (waist,) = (piece for piece in drawn if piece.second is not None)
    assert (waist.first, waist.second) == (body.model.body("pelvis").id, body.model.body("torso").id)
    assert set(waist.share) == {0.0, 1.0}
    at_rest = zero_pose(body.model).origins[0]
    between = at_rest[waist.second] - at_rest[waist.first]
    # At rest, its ends are as round as they are, and where the bodies that carry them have them.
    links = [i for i, (a, b) in enumerate(body.skin.bodies) if a != b]
    for end, shift in ((0, np.zeros(3)), (1, between)):
        vertices = waist.vertices[waist.share == end]
        distance = np.linalg.norm(vertices[:, None] - (body.skin.ends[links, end] + shift), axis=-1)
        np.testing.assert_allclose(np.abs(distance - body.skin.radii[links, end]).min(axis=1), 0, atol=1e-9)


def test_start_view_is_in_front_of_the_person_and_shows_all_of_them() -> None:
    poses = compute_poses(make_motion())
    start = start_view(poses.position[:, 1:], poses.forward, np.array([[-9.0, 0, 1]]))
    assert start.position[0] > 1 and start.position[2] > start.look_at[2]
    ray = (start.look_at - start.position) / np.linalg.norm(start.look_at - start.position)
    to_points = poses.position[:, 1:].reshape(-1, 3) - start.position
    angle = np.arccos(to_points @ ray / np.linalg.norm(to_points, axis=1))
    assert angle.max() < start.fov / 2
    assert not start.follow


def test_a_long_walk_is_followed() -> None:
    path = np.zeros((50, 3, 3))
    path[..., 0] = np.linspace(0, 8, 50)[:, None]
    assert start_view(path, np.tile([1.0, 0, 0], (50, 1)), np.array([[0.0, 4, 1]])).follow


def test_the_video_camera_does_not_stand_across_the_person_at_opening() -> None:
    poses = compute_poses(make_motion())
    for azimuth in np.radians(np.arange(0, 360, 5)):
        eye = 2.0 * np.array([np.cos(azimuth), np.sin(azimuth), 0.7])
        start = start_view(poses.position[:, 1:], poses.forward, eye[None])
        line, way = start.look_at - start.position, eye - start.position
        cosine = way @ line / np.linalg.norm(way) / np.linalg.norm(line)
        assert way @ line > line @ line or np.degrees(np.arccos(cosine)) > 20, azimuth
        assert start.position[0] > start.look_at[0], "the person is seen from the front"


# ---------------------------------------------------------------- source video


@pytest.mark.parametrize("order", [range(24), range(23, -1, -1), (20, 3, 21, 11, 12, 0, 23)])
def test_any_frame_of_the_video_is_found(tmp_path: Path, order: tuple[int, ...]) -> None:
    write_video(tmp_path / "clip.mp4", 24)
    source = SourceVideo(tmp_path / "clip.mp4", count=24, fps=20.0, image_size=(64, 48))
    assert [shown_frame(source, k) for k in order] == list(order)
    source.close()


def test_video_from_a_start_and_on_a_faster_clock(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 24)
    source = SourceVideo(tmp_path / "clip.mp4", count=20, fps=40.0, image_size=(64, 48), start=0.5)
    # At 40 fps every picture serves two frames; halfway between two, the later one counts.
    assert [shown_frame(source, k) for k in range(8)] == [10, 11, 11, 12, 12, 13, 13, 14]
    source.close()


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_slow_motion_is_shown_beside_its_own_pictures(tmp_path: Path, start: float) -> None:
    write_video(tmp_path / "clip.mp4", 24)
    report = {
        "source": {"video": str(tmp_path / "clip.mp4"), "sha256": None, "start": start, "end": None},
        "frames": {"total": FRAMES, "tracked": 11, "simulated": 0, "fps": 160.0, "film_fps": 20.0},
    }
    source = open_source(replace(make_motion(**report), fps=160.0))
    assert [shown_frame(source, k) for k in (0, 5, 11)] == [round(20 * start) + k for k in (0, 5, 11)]
    source.close()


def test_a_video_that_ends_early_stays_on_its_last_picture(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 6)
    source = SourceVideo(tmp_path / "clip.mp4", count=20, fps=20.0, image_size=(64, 48))
    assert [shown_frame(source, k) for k in (19, 2, 12)] == [5, 2, 5]
    source.close()


def test_pictures_are_small(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 2, size=(1280, 720))
    source = SourceVideo(tmp_path / "clip.mp4", count=2, fps=20.0, image_size=(1280, 720))
    shown_frame(source, 0)
    jpeg = source.cached(0)
    assert jpeg is not None
    assert decode(jpeg).shape == (540, 960, 3)
    source.close()


def test_missing_and_broken_videos_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"walk\.mp4 any more"):
        SourceVideo(tmp_path / "walk.mp4", count=1, fps=20.0, image_size=(64, 48))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4 cannot be read"):
        SourceVideo(tmp_path / "text.mp4", count=1, fps=20.0, image_size=(64, 48))


# ---------------------------------------------------------------- facts


REPORT: dict[str, Any] = {
    "source": {"video": "gone.mp4", "sha256": "0", "start": 0.5, "end": None},
    "options": {"height": 1.7},
    "versions": {"motionrecon": "0.1.0"},
    "person": {"height": 1.7, "mass": 64.0, "lengths": {"thigh": 0.4}},
    "camera": {"pose": "calibrated", "focal_length": "given", "focal_px": 600.0, "pitch_deg": -3.0},
    "frames": {"total": FRAMES, "tracked": 11, "simulated": 0, "fps": FPS},
    "seconds": {"output": 1.0},
    "quality": {"reprojection_px": 4.2, "skate_percent": 1.0, "penetration_mm": 0.0},
    "verdict": {"word": "poor", "expected_mm": 120.4, "reasons": ["the limbs move fast"]},
    "gait": {"kind": "run", "strides": 2, "steps": 4, "speed": 2.5, "cadence": 160.0, "stride_length": 1.9}
    | {"step_length": None, "step_width": 0.05, "stance_percent": 38.0},
    "windows": [],
    "fallbacks": 0,
    "warnings": ["w"],
}
JSON = (None, True, 7, -1, 1.5, 1e300, 10**400, float("nan"), "x", "", [], [1], {}, {"a": 1}, [[]], [None, "w"])


def broken_reports() -> Iterator[dict[str, Any]]:
    """The report without each of its keys, and with something of every other type in its place; and so inside."""
    for key, value in REPORT.items():
        yield {name: v for name, v in REPORT.items() if name != key}
        yield from (REPORT | {key: other} for other in JSON)
        for inner in value if isinstance(value, dict) else ():
            yield REPORT | {key: {name: v for name, v in value.items() if name != inner}}
            yield from (REPORT | {key: value | {inner: other}} for other in JSON)


def test_a_report_of_any_kind_is_shown_or_refused_in_words() -> None:
    motion, shown = make_motion(), 0
    for content in broken_reports():
        try:
            report = Report.of(json.loads(json.dumps(content)))
        except ValueError as error:
            assert any(key in f"{error}" for key in REPORT), error
            continue
        shown += 1
        assert all(isinstance(fact.text, str) for fact in facts_of(report))
        with pytest.raises(InputError, match=r"without a video|any more"):
            open_source(replace(motion, report=report))
    assert shown > 50
    facts = facts_of(Report.of(REPORT))
    assert [fact.text for fact in facts] == [
        "Verdict: poor, joints are expected to be 120 mm off: the limbs move fast",
        *("Distance from the film: 4.2 px", "Sliding feet: 1 % of frames", "Feet below the floor: 0 mm"),
        *("Runs: 2.50 m/s, 160 steps/min", "Warning: w"),
    ]
    for known in ("found", "assumed"):
        found = Report.of(REPORT | {"camera": REPORT["camera"] | {"focal_length": known}})
        (lens,) = set(facts_of(found)) - set(facts)
        assert lens.text == f"Focal length: 600 px, {known}" and "focal length" in lens.meaning and not lens.warns
    slow = Report.of(REPORT | {"quality": REPORT["quality"] | {"skate_percent": float("nan")}})
    assert not any("Sliding" in fact.text for fact in facts_of(slow))
    assert [bool(fact.meaning) for fact in facts] == [True, True, True, True, True, False] and facts[-1].warns
    assert facts[0].warns


@pytest.mark.parametrize("content", ["[]", "{", '{"quality": 7}', '{"warnings": {"a": 1}}', '{"source": [1]}', ""])
def test_a_folder_with_a_broken_report_is_refused(tmp_path: Path, content: str) -> None:
    make_motion().save(tmp_path)
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(InputError, match=r"report\.json"):
        view(tmp_path, open_browser=False)


# ---------------------------------------------------------------- what the page is told


def test_the_skinned_surface_is_posed_as_the_bodys_own() -> None:
    """As the page does it: each vertex by the weighted mean of its frames' motion from rest, the weights as bytes."""
    body = build(1.75)
    motion = replace(make_motion(), model_xml=body.mjcf)
    object.__setattr__(motion, "body", body)
    part = skinned(motion, "motion")
    qpos = np.random.default_rng(0).normal(0, 0.4, (1, body.model.nq))
    at = pose(body.model, qpos)
    rest = np.zeros((body.model.nbody, 3, 3))
    for turn, wxyz in zip(rest, part.rest_wxyz, strict=True):
        mujoco.mju_quat2Mat(turn.reshape(-1), wxyz.astype(float))
    now = at.rotations[0] @ rest.transpose(0, 2, 1)
    moved = np.einsum("vkij,vkj->vki", now[part.bodies], part.vertices[:, None] - part.rest_position[part.bodies])
    moved += at.origins[0][part.bodies]
    found = (part.weights[..., None] / 255 * moved).sum(axis=1)
    np.testing.assert_allclose(found, body.surface.at(at)[0], atol=0.004)
    assert (part.weights.sum(axis=1) == 255).all()
    np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1.0, atol=1e-5)


def test_weights_as_bytes_sum_to_all() -> None:
    weights = np.random.default_rng(1).dirichlet(np.ones(3), 200)
    found = bytes_of(weights)
    assert (found.astype(int).sum(axis=1) == 255).all()
    assert np.abs(found[:, :3] / 255 - weights).max() < 0.01


def test_normals_look_outwards() -> None:
    vertices, faces = tapered(np.array([[0.0, 0, 0], [0.0, 0, 0.4]]), np.array([0.1, 0.1]))
    normals = vertex_normals(vertices, faces)
    middle = vertices * [0, 0, 1]
    assert (np.einsum("vc,vc->v", normals, vertices - middle) >= -1e-6).all()


def test_forces_act_where_and_as_they_act() -> None:
    motion = make_motion()
    (arrow,) = LAYERS["forces"].parts(motion, compute_poses(motion))
    assert isinstance(arrow, ArrowPart) and arrow.name == "left foot"
    np.testing.assert_allclose(arrow.origin[-1], [0.1, 0.2, 0.0], atol=1e-6)
    np.testing.assert_allclose(arrow.vector[:, 2], 400.0)
    assert arrow.metres_per_newton * 64 * 9.81 == pytest.approx(0.6)
    still = replace(motion, contact_force=np.zeros((FRAMES, 2, 3)))
    document = document_of([still], ["walk"])
    assert "forces" not in [layer.name for layer in document.layers], "nothing to show"
    shown = {layer.name: layer.on for layer in document_of([motion], ["walk"]).layers}
    assert shown["body"] and shown["forces"], "on when the page opens"


def test_loaded_feet_glow_and_no_other_body() -> None:
    motion = make_motion()
    lit = document_of([motion], ["walk"]).results[0].tracks["motion"].lit
    foot = motion.model.body("left_foot").id
    assert (lit[:, foot] > 0.5).all() and not np.delete(lit, foot, axis=1).any()


def test_frames_without_a_person_say_so() -> None:
    motion = make_motion()
    (words,) = (part for part in LAYERS["body"].parts(motion, compute_poses(motion)) if isinstance(part, WordPart))
    assert np.flatnonzero(words.shown).tolist() == [5]
    seen = replace(motion, tracked=np.ones(FRAMES, bool))
    assert [type(part) for part in LAYERS["body"].parts(seen, compute_poses(seen))] == [MeshPart]


def test_stretches_are_runs_of_what_is_lacking() -> None:
    tracked, simulated = np.ones(9, bool), np.ones(9, bool)
    assert stretches_of(tracked, simulated) == ()
    tracked[4] = simulated[3:6] = False
    simulated[8] = False
    said = [(one.start, one.end, one.what) for one in stretches_of(tracked, simulated)]
    assert said == [
        (3, 4, "not simulated"),
        (4, 5, "nobody seen"),
        (5, 6, "not simulated"),
        (8, 9, "not simulated"),
    ]
    seated = np.arange(9) > 4
    last = [one.what for one in stretches_of(tracked, simulated, on_a_seat=seated)]
    assert last == ["not simulated", "nobody seen", "on a seat, not simulated", "on a seat, not simulated"]
    moves = [one.what for one in stretches_of(tracked, simulated, camera_unknown=True)]
    assert moves == ["camera moves, not simulated", "nobody seen", *2 * ["camera moves, not simulated"]]
    assert document_of([make_motion()], ["walk"]).results[0].stretches == (Stretch(5, 6, "nobody seen"),)


def test_the_timeline_marks_all_that_may_be_lacking() -> None:
    script = (Path(motionrecon.viewer.__file__).parent / "client" / "panel.js").read_text(encoding="utf-8")
    marks = re.search(r"const MARKS = \{(.*?)\}", script, re.DOTALL)
    assert marks and set(re.findall(r'"([^"]+)":', marks[1])) == set(LACKS)


def test_charts_hold_nothing_where_nothing_was_simulated() -> None:
    motion = make_motion()
    steps = (FRAMES - 1) * motion.steps_per_frame
    ctrl = np.zeros((steps, motion.model.nu + 1))
    ctrl[6 * motion.steps_per_frame :] = np.nan  # the simulation reaches frame 6 and ends there
    start = np.hstack([0, motion.qpos[0], motion.qvel[0]])[None]
    partly = replace(motion, ctrl=ctrl, segments=start, joint_torque=np.zeros((FRAMES, 1)))
    charts = [chart for group in CHARTS for chart in group(partly, compute_poses(partly))]
    vertical = next(chart for chart in charts if chart.title == "Vertical ground force")
    assert [curve.side for curve in vertical.curves] == ["left"]
    assert np.isfinite(vertical.curves[0].values).tolist() == [True] * 7 + [False] * 5


def test_angles_and_torques_are_the_models_by_joint_and_side() -> None:
    body = build(1.75)
    qpos = np.tile(np.r_[0, 0, 1, 1, np.zeros(body.model.nq - 4)], (3, 1))
    qpos[:, body.model.joint("left_knee_flexion").qposadr[0]] = np.radians([10, 20, 30])
    motion = replace(
        make_motion(), model_xml=body.mjcf, qpos=qpos, qvel=np.zeros((3, body.model.nv)), tracked=np.ones(3, bool),
        joints=np.zeros((3, 33, 3)), root_wrench=np.zeros((3, 6)), contact_force=np.zeros((3, 0, 3)),
        contact_names=(), joint_torque=np.zeros((3, body.model.nu)), ctrl=np.zeros((0, body.model.nu)),
        segments=np.zeros((0, 1 + body.model.nq + body.model.nv)),
    )  # fmt: skip
    charts = [chart for group in CHARTS for chart in group(motion, compute_poses(motion))]
    assert charts[0].title == "Knee flexion angle" and [curve.side for curve in charts[0].curves] == ["left", "right"]
    np.testing.assert_allclose(charts[0].curves[0].values, [10, 20, 30], atol=1e-4)
    assert "Joint moment" not in {chart.group for chart in charts}, "nothing was simulated"
    unseen = replace(motion, tracked=np.array([True, False, True]))
    knee = next(chart for group in CHARTS for chart in group(unseen, compute_poses(unseen)))
    assert np.isnan(knee.curves[0].values).tolist() == [False, True, False]


def trail(motion: Motion, poses: Poses) -> list[Any]:
    """The layer of a test: where the pelvis is. It is all that a new layer takes, but for a line in LAYERS."""
    return [BallPart(poses.position[:, 1:2].astype(np.float32), (0, 160, 0), 0.03)]


def test_a_new_layer_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYERS, "trail", Layer("Trail", trail, key="t"))
    document = document_of([make_motion()], ["walk"])
    assert document.layers[-1].label == "Trail"
    assert [part.kind for part in document.results[0].parts["trail"]] == ["ball"]


def test_the_help_of_view_tells_the_keys_of_the_page() -> None:
    from motionrecon.cli.view import view as command

    assert f"Keys of the page: {in_a_sentence()}." in " ".join((inspect.getdoc(command) or "").split())


def test_every_key_does_one_thing_that_the_page_knows_and_is_told() -> None:
    keys = keys_of(LAYERS.items(), 2)
    names = [name for one in keys for name in one.keys]
    assert len(set(names)) == len(names) and {"b", "v", "g", "s", "m"} <= set(names)
    program = resources.files("motionrecon.viewer").joinpath("client", "main.js").read_text()
    actions = program[program.index("const actions = {") : program.index("Object.fromEntries(Object.entries(actions)")]
    known = set(re.findall(r"^    (\w+)(?::|,$)", actions, re.MULTILINE)) | {"last"}  # which keys.js adds
    assert {one.action for one in keys} <= known
    document = document_of([make_motion()] * 2, ["walk", "again"])
    alone = document_of([make_motion()], ["walk"])
    assert {one.action for one in document.keys} == {one.action for one in keys}
    assert {one.told for one in document.keys} - {one.told for one in alone.keys} == {"P", "A"}


NASTY = "</script><script>document.title = 'ran'</script><img src=x onerror=\"document.title='ran'\">&amp;\u2028é"


def test_texts_of_a_result_are_no_markup_in_the_page() -> None:
    motion = make_motion(warnings=[NASTY], source={"video": NASTY, "start": 0.0})
    document = document_of([motion], [NASTY], [[NASTY]])
    text = as_json(document)
    assert not set("<>&") & set(text) and text.isascii()
    told = json.loads(text)
    assert told["title"] == NASTY and told["results"][0]["facts"][-1]["text"] == f"Warning: {NASTY}"
    whole = page_of(document, [[]])
    assert "<title>&lt;/script&gt;" in whole and whole.count("<script") == whole.count("</script>") == 3
    assert "http:" not in re.sub(r'id="(document|films)">.*?</script>', "", whole, flags=re.S), "it loads nothing"


def test_arrays_arrive_as_they_were() -> None:
    motion = make_motion()
    told = json.loads(as_json(document_of([motion], ["walk"])))["results"][0]
    packed = told["tracks"]["motion"]["position"]
    found = np.frombuffer(base64.b64decode(packed["data"]), "<" + packed["type"]).reshape(packed["shape"])
    np.testing.assert_allclose(found, compute_poses(motion).position, atol=1e-6)


# ---------------------------------------------------------------- serving


def test_serves_localhost_only_and_takes_the_next_free_port(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        viewer = view(make_motion(), port=port, open_browser=False, block=False)
    try:
        used = viewer.server.port
        assert viewer.url == f"http://127.0.0.1:{used}" and used != port
        assert f"at {viewer.url}, on port {used} because {port} is taken (" in capsys.readouterr().out
    finally:
        viewer.stop()
        viewer.stop()  # harmless
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", used), timeout=1)


def test_opens_the_browser_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for wanted in (True, False):
        viewer = view(make_motion(), open_browser=wanted, block=False)
        viewer.stop()
        assert opened == ([viewer.url] if wanted else [])
        opened.clear()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_nonsense_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match="port="):
        view(make_motion(), port=port, open_browser=False, block=False)


def test_a_folder_without_a_motion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"motion\.npz"):
        view(tmp_path, open_browser=False)
    make_motion().save(tmp_path)
    (tmp_path / "motion.npz").write_bytes((tmp_path / "motion.npz").read_bytes()[:1000])
    with pytest.raises(InputError, match=r"motion\.npz"):
        view(tmp_path, open_browser=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "results" / "0.1.0", tmp_path / "walk é")
    code = "import sys; from motionrecon.viewer import view; view(sys.argv[1], open_browser=False)"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(tmp_path / "walk é")],  # -P: the installed package
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert "http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANGS)
    assert (process.returncode, out.strip(), err) == (0, "", "")


# ---------------------------------------------------------------- the page in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "clip.mp4"
    write_video(path, FRAMES, size=(640, 360))
    return path


@pytest.fixture(scope="module")
def opened(browser: Any, clip: Path) -> Iterator[SimpleNamespace]:
    """The page of a viewer and its `errors` so far. One for all tests: to open one takes seconds."""
    viewer = view(make_motion(source={"video": str(clip), "start": 0.0}), open_browser=False, block=False)
    tab, errors = new_tab(browser, 1100, 700)
    tab.goto(viewer.url)
    tab.wait_for_selector("html[data-drawn]")
    assert wait_until(lambda: viewer.server.listeners == 1)
    yield SimpleNamespace(tab=tab, viewer=viewer, errors=errors)
    tab.close()
    viewer.stop()


def new_tab(browser: Any, width: int, height: int) -> tuple[Any, list[str]]:
    """A tab, and all that goes wrong in it."""
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.set_default_timeout(1000 * HANGS)
    errors: list[str] = []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    return tab, errors


@pytest.fixture
def page(opened: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The page, paused at its first frame."""
    seek(opened, 0)
    yield opened
    assert opened.errors == []


def drawn(page: SimpleNamespace) -> int:
    """The frame that the page shows."""
    return int(page.tab.locator("html").get_attribute("data-drawn"))


def seek(page: SimpleNamespace, frame: int) -> None:
    """Show a frame from Python, by way of another one: where it is shown already, its coming could not be told."""
    for one in ((frame + 1) % FRAMES, frame):
        page.viewer.seek(one)
        assert wait_until(lambda one=one: drawn(page) == one), one


def picture(page: SimpleNamespace) -> np.ndarray:
    """What the stage shows (H, W, 3), BGR, without the words over it."""
    data = page.tab.locator("#stage").evaluate("e => e.toDataURL('image/png')")
    return decode(base64.b64decode(data.partition(",")[2]))


@cache
def hands() -> list[np.ndarray]:
    """(T, 3) where the left hand is, and where the right one."""
    motion = make_motion()
    poses = compute_poses(motion)
    return [poses.position[:, motion.model.body(name).id] for name in ("left_hand", "right_hand")]


def in_picture(page: SimpleNamespace, point: np.ndarray, image: np.ndarray) -> tuple[int, int]:
    """The pixel of a picture of the stage at which a point of the world must be, by the page's own camera."""
    clip = np.array(page.tab.locator("#stage").get_attribute("data-clip").split(), float).reshape(4, 4).T
    x, y, _, w = clip @ [*point, 1]
    height, width = image.shape[:2]
    return round((0.5 + 0.5 * x / w) * width), round((0.5 - 0.5 * y / w) * height)


def shows_frame(page: SimpleNamespace, image: np.ndarray, frame: int) -> bool:
    """Whether there is orange where the left hand of this frame must be, and blue where its right one must be."""
    (left, right) = (image[y, x].astype(int) for x, y in (in_picture(page, one[frame], image) for one in hands()))
    return bool(left[2] > left[0] + 50 and right[0] > right[2] + 50)


def shows_only(page: SimpleNamespace, *frames: int) -> bool:
    """Whether the picture fits these frames of the motion and no other."""
    image = picture(page)
    return [frame for frame in range(FRAMES) if shows_frame(page, image, frame)] == list(frames)


def shows_video(page: SimpleNamespace, frame: int) -> bool:
    """Whether the page shows this frame of the video beside the motion."""
    data = page.tab.locator("#picture").evaluate("e => e.toDataURL('image/png')")
    return frame_number(base64.b64decode(data.partition(",")[2])) == frame


def scrub(page: SimpleNamespace, frame: int) -> None:
    """Move the timeline's knob as a user would."""
    knob = page.tab.locator("#knob")
    knob.focus()
    knob.press("Home")
    for _ in range(frame):
        knob.press("ArrowRight")


def test_page_shows_the_frame_that_the_user_scrubs_to(page: SimpleNamespace) -> None:
    assert wait_until(lambda: shows_only(page, 0))
    assert page.tab.title() == "motion · motionrecon"
    for frame in (7, 2):
        scrub(page, frame)
        page.tab.get_by_text(f"frame {frame} of {FRAMES - 1}").wait_for()
        assert wait_until(partial(shows_only, page, frame))
        assert wait_until(partial(shows_video, page, frame))


def test_a_picture_that_could_not_be_had_is_asked_for_again(browser: Any, opened: SimpleNamespace) -> None:
    tab, _ = new_tab(browser, 1100, 700)  # its own: that a request failed is an error in the console
    refused: list[str] = []

    def refuse(route: Any) -> None:
        refused.append(route.request.url)
        route.abort()

    tab.route("**/film/0/0/*", refuse)
    tab.goto(opened.viewer.url)
    tab.wait_for_selector("html[data-drawn]")
    page = SimpleNamespace(tab=tab, viewer=opened.viewer)
    seek(page, 5)
    assert wait_until(lambda: any(url.endswith("/5") for url in refused))
    assert not shows_video(page, 5)
    tab.unroute("**/film/0/0/*")

    def again() -> bool:
        seek(page, 5)
        return shows_video(page, 5)

    assert wait_until(again)
    tab.close()


def test_charts_have_round_numbers_of_which_two_tell_the_scale(page: SimpleNamespace) -> None:
    program = resources.files("motionrecon.viewer").joinpath("client/charts.js").read_text()
    ticks = program[program.index("function ticks(") :]
    for between, numbers in (("-13, 8, 2", [-10, 0]), ("0, 100, 2", [0, 50, 100]), ("0, 1, 2", [0, 0.5, 1])):
        assert page.tab.evaluate(f"(() => {{ {ticks}; return ticks({between}); }})()") == numbers


def test_page_plays_in_real_time_and_pauses(page: SimpleNamespace) -> None:
    page.tab.get_by_role("button", name="Play", exact=True).click()
    # Which frame is shown when, by the page's own time; a busy machine shows few of them, but the right ones.
    seen = page.tab.evaluate(
        """async () => {
            const seen = [];
            const start = performance.now();
            while (performance.now() - start < 1500 || seen.length < 6) {
                const now = await new Promise(requestAnimationFrame);
                seen.push([now / 1000, Number(document.documentElement.dataset.drawn)]);
            }
            return seen;
        }"""
    )
    times, frames = np.array(seen).T
    phase = np.exp(2j * np.pi * (frames - FPS * times) / FRAMES)  # of a clock that goes around at the right pace
    assert abs(phase.mean()) > 0.8
    page.tab.get_by_role("button", name="Pause", exact=True).click()
    page.tab.get_by_role("button", name="Play", exact=True).wait_for()
    assert wait_until(lambda: shows_only(page, drawn(page)))


def test_python_steers_every_page(page: SimpleNamespace) -> None:
    seek(page, 7)
    page.viewer.play()
    assert wait_until(lambda: drawn(page) != 7)
    page.viewer.pause()
    page.viewer.seek(0)
    page.viewer.show("body", False)
    assert wait_until(lambda: shows_only(page))
    page.viewer.show("body")
    assert wait_until(lambda: shows_only(page, 0))
    with pytest.raises(InputError, match="no layer 'bodies'; there are body, forces"):
        page.viewer.show("bodies")


def test_boxes_change_the_picture(page: SimpleNamespace) -> None:
    assert wait_until(lambda: shows_only(page, 0))
    body = page.tab.get_by_label("Body", exact=False).first
    body.uncheck()
    assert wait_until(lambda: shows_only(page))
    body.check()
    assert wait_until(lambda: shows_only(page, 0))


def test_forces_are_seen_at_opening_with_newtons_and_body_weights(page: SimpleNamespace) -> None:
    word = page.tab.locator(".word.force").first
    assert word.inner_text() == "400 N · 0.64 BW" and word.is_visible()
    assert "one body weight (BW)" in page.tab.locator("#legend").inner_text()
    left = page.tab.locator("#now .foot").first.inner_text().split("\n")
    assert left == ["Left foot", "400 N · 0.64 BW"]
    page.tab.keyboard.press("v")
    word.wait_for(state="hidden")
    page.tab.keyboard.press("v")
    word.wait_for(state="visible")


def test_keys_work_after_every_control(page: SimpleNamespace) -> None:
    """Whatever was used last, L steps a frame on, and Space plays."""
    tab = page.tab

    def works(what: str) -> None:
        seek(page, 3)
        tab.keyboard.press("l")
        assert wait_until(lambda: drawn(page) == 4), what
        if not tab.locator("#repeat").is_checked():
            return  # it would stop at the end by itself
        tab.keyboard.press("Space")
        assert wait_until(lambda: tab.locator("#play").get_attribute("aria-label") == "Pause"), what
        tab.keyboard.press("Space")
        assert wait_until(lambda: tab.locator("#play").get_attribute("aria-label") == "Play"), what

    for box in tab.locator("input[type=checkbox]").all():
        for _ in range(2):
            box.click()
            works(f"box {box.evaluate('e => e.parentElement.innerText')}")
    for button in tab.locator("button:visible").all():
        if button.get_attribute("id") not in ("help",):
            button.click()
            works(f"button {button.inner_text()}")
    tab.get_by_role("button", name="Home").click()
    for choice in tab.locator("select:visible").all():
        choice.select_option(index=1)
        works(f"choice {choice.get_attribute('aria-label')}")
        choice.select_option(index=0)
    tab.locator("#speed").select_option("1")
    for slider in tab.locator("input[type=range]").all():
        slider.click()
        works(f"slider {slider.get_attribute('aria-label')}")
    tab.locator("#frame").fill("9")
    tab.locator("#frame").press("Enter")
    works("the frame's number")
    tab.locator("#help").click()
    tab.get_by_role("button", name="Close").click()
    works("help")
    tab.keyboard.press("0")
    tab.keyboard.press("d")  # light again: its button was used once
    tab.keyboard.press("\\")


def test_a_typed_frame_is_shown_and_one_outside_the_motion_is_put_right(page: SimpleNamespace) -> None:
    knob, box = page.tab.locator("#knob"), page.tab.locator("#frame")
    for typed, shown in (("7", 7), ("99", FRAMES - 1), ("0", 0), ("x", 0), ("3.2", 3)):
        box.fill(typed)
        box.press("Enter")
        assert wait_until(lambda shown=shown: box.input_value() == knob.input_value() == str(shown))
        assert drawn(page) == shown
    page.viewer.seek(9)
    assert wait_until(lambda: box.input_value() == knob.input_value() == "9")


def test_a_range_is_played_around(page: SimpleNamespace) -> None:
    for frame, key in ((3, "["), (5, "]")):
        seek(page, frame)
        page.tab.keyboard.press(key)
    seek(page, 9)
    page.viewer.play()
    assert wait_until(lambda: drawn(page) in (3, 4, 5))
    seen = {drawn(page) for _ in range(60)}
    page.viewer.pause()
    page.tab.keyboard.press("\\")
    assert seen <= {3, 4, 5}


@pytest.mark.parametrize("size", [(620, 800), (1100, 700), (1600, 900)])
def test_everything_is_in_reach_at_three_sizes(page: SimpleNamespace, size: tuple[int, int]) -> None:
    page.tab.set_viewport_size({"width": size[0], "height": size[1]})
    wide = page.tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0], "no sideways scrolling"
    assert wait_until(lambda: shows_only(page, 0))
    for control in page.tab.locator("button:visible, input:visible, select:visible").all():
        box = control.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0] + 1, control.evaluate("e => e.outerHTML")
    page.tab.set_viewport_size({"width": 1100, "height": 700})


def test_looking_through_the_camera_agrees_with_the_overlay(page: SimpleNamespace) -> None:
    """The hands' middles are within 2 % of the person's height of where the camera saw them, before the film."""
    motion = make_motion()
    seek(page, 4)
    page.tab.keyboard.press("c")
    look = page.tab.get_by_role("button", name="Look through")
    assert wait_until(lambda: look.get_attribute("aria-pressed") == "true")
    assert wait_until(lambda: shows_frame(page, picture(page), 4))
    image = picture(page).astype(int)
    height, width = image.shape[:2]
    factor = min(width / 640, height / 360)
    corner = (np.array([width, height]) - factor * np.array([640, 360])) / 2
    person = factor * motion.camera.K[1, 1] * 1.7 / motion.camera.to_camera(hands()[0][None, 4:5])[0, 0, 2]
    orange = (image[..., 2] > image[..., 0] + 60) & (image[..., 1] < 190)
    blue = image[..., 0] > image[..., 2] + 60
    for mask, hand in ((orange, hands()[0]), (blue, hands()[1])):
        seen = corner + factor * (motion.camera.project(hand[None, 4:5])[0, 0] + 0.5)
        y, x = np.nonzero(mask)
        near = np.hypot(x - seen[0], y - seen[1]) < 0.15 * person
        found = np.array([x[near].mean(), y[near].mean()])
        assert np.linalg.norm(found - seen) < 0.02 * person
    film = image[round(corner[1] + 20), round(corner[0] + 20)].mean()
    assert film == pytest.approx(0.92 * (10 * 4 + 5), abs=6)
    page.tab.keyboard.press("c")
    assert wait_until(lambda: look.get_attribute("aria-pressed") == "false" and shows_frame(page, picture(page), 4))


def test_dark_and_light(page: SimpleNamespace) -> None:
    light = is_light(page)  # as earlier tests on this page left it
    page.tab.keyboard.press("d")
    assert wait_until(lambda: is_light(page) != light)
    page.tab.keyboard.press("d")
    assert wait_until(lambda: is_light(page) == light)


def is_light(page: SimpleNamespace) -> bool:
    """Whether the corner of the stage is bright."""
    return bool(picture(page)[5, 5].mean() > 80)


def test_two_results_stand_side_by_side_on_one_clock(browser: Any) -> None:
    motion = make_motion()
    slower = replace(motion, fps=FPS / 2, report={})
    viewer = view(motion, slower, open_browser=False, block=False)
    try:
        tab, errors = new_tab(browser, 1100, 700)
        tab.goto(viewer.url)
        tab.wait_for_selector("html[data-drawn]")
        assert tab.title() == "motion (1) and motion (2) · motionrecon"
        titles = tab.locator(".word.title")
        assert wait_until(lambda: titles.count() == 2 and titles.first.is_visible() and titles.last.is_visible())
        apart = [box["x"] for box in (titles.nth(i).bounding_box() for i in range(2))]
        assert abs(apart[1] - apart[0]) > 100
        tab.keyboard.press("p")
        assert wait_until(lambda: abs(titles.first.bounding_box()["x"] - titles.last.bounding_box()["x"]) < 60)
        assert errors == []
        tab.close()
    finally:
        viewer.stop()


def elsewhere(shift: tuple[float, float], *, calibrated: bool = True, turned: float = 0.0) -> Motion:
    """The motion at another place on the floor, filmed from where it was before, or by a camera that stood turned."""
    motion = make_motion()
    qpos = motion.qpos.copy()
    qpos[:, :2] += shift
    about = np.array([[np.cos(turned), -np.sin(turned), 0], [np.sin(turned), np.cos(turned), 0], [0, 0, 1]])
    camera = replace(motion.camera.in_world(about, np.zeros(3)), calibrated=calibrated)
    return replace(motion, qpos=qpos, camera=camera)


@pytest.mark.parametrize(
    ("other", "begins", "apart"),
    [
        (elsewhere((0.0, 0.1)), (0.0, 0.1), 1.5),
        (elsewhere((1.0, 0.8)), (1.0, 0.8), 0.0),
        (elsewhere((9.0, -7.0)), (0.0, 0.0), 1.5),
        (elsewhere((1.0, 0.8), calibrated=False), (0.0, 0.0), 1.5),
        (elsewhere((1.0, 0.8), turned=1.0), (0.0, 0.0), 1.5),
    ],
)
def test_a_second_result_stands_beside_the_first_and_both_are_seen(other: Motion, begins: tuple, apart: float) -> None:
    document = document_of([make_motion(), other], ["a", "b"])
    first, second = document.results
    np.testing.assert_allclose(second.path[0] + second.place.shift[:2], begins, atol=1e-6)
    assert np.linalg.norm(second.place.gap) == pytest.approx(apart)
    assert not first.place.shift.any() and not first.place.gap.any()
    start = document.start
    ahead = (start.look_at - start.position) / np.linalg.norm(start.look_at - start.position)
    for one in document.results:
        points = (one.tracks["motion"].position[:, 1:] + one.place.shift + one.place.gap).reshape(-1, 3)
        cosine = (points - start.position) @ ahead / np.linalg.norm(points - start.position, axis=1)
        assert np.arccos(cosine).max() < start.fov / 2


def turned(angle: float, shift: tuple[float, float], **report: Any) -> Motion:
    """The motion in a world that is turned about the vertical and shifted, with its camera."""
    motion = make_motion(**report)
    about = Rotation.from_euler("z", angle)
    qpos = motion.qpos.copy()
    qpos[:, :3] = about.apply(qpos[:, :3]) + np.array([*shift, 0.0])
    qpos[:, 3:7] = (about * Rotation.from_quat(qpos[:, 3:7], scalar_first=True)).as_quat(scalar_first=True)
    camera = motion.camera.in_world(about.as_matrix(), np.array([*shift, 0.0]))
    return replace(motion, qpos=qpos, camera=camera)


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(-3.1, 3.1), x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_aligned_a_second_result_begins_where_the_first_one_does_and_faces_as_it_does(
    angle: float, x: float, y: float
) -> None:
    first, second = document_of([make_motion(), turned(angle, (x, y))], ["a", "b"]).results
    aligned = second.aligned.put(second.tracks["motion"].position[:, 1:])
    np.testing.assert_allclose(aligned, first.tracks["motion"].position[:, 1:], atol=1e-4)


def test_two_results_have_their_films_and_cameras_and_are_aligned_when_asked(
    browser: Any, clip: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    write_video(other, FRAMES, size=(640, 360))
    second = turned(2.0, (1.0, 4.0), source={"video": str(other), "start": 0.2})
    viewer = view(make_motion(source={"video": str(clip), "start": 0.0}), second, open_browser=False, block=False)
    try:
        tab, errors = new_tab(browser, 1100, 700)
        tab.goto(viewer.url)
        tab.wait_for_selector("#picture[data-frame]")
        tab.wait_for_selector("#picture-2[data-frame]")
        page = SimpleNamespace(tab=tab)
        data = tab.locator("#picture-2").evaluate("e => e.toDataURL('image/png')")
        assert frame_number(base64.b64decode(data.partition(",")[2])) == 4, "its film begins 0.2 s before it"
        feet = tab.locator(".word.force")

        def between() -> float:
            return abs(feet.first.bounding_box()["x"] - feet.last.bounding_box()["x"])

        tab.keyboard.press("p")
        assert wait_until(lambda: feet.count() == 2 and between() > 15), "they begin in one place, and are turned"
        tab.keyboard.press("a")
        assert wait_until(lambda: between() < 3)
        tab.keyboard.press("a")
        tab.get_by_role("button", name="Through motion (2)").click()
        tab.locator("#frame").fill("4")
        tab.locator("#frame").press("Enter")
        tab.wait_for_selector("#picture-2[data-frame='4']")
        image = picture(page)
        seen = in_picture(page, about_vertical(2.0) @ hands()[0][4], image)  # shown where the first one begins
        factor = min(image.shape[1] / 640, image.shape[0] / 360)
        corner = (np.array([image.shape[1], image.shape[0]]) - factor * np.array([640, 360])) / 2
        wanted = corner + factor * (make_motion().camera.project(hands()[0][None, 4:5])[0, 0] + 0.5)
        np.testing.assert_allclose(seen, wanted, atol=2)
        assert errors == []
        tab.close()
    finally:
        viewer.stop()


def about_vertical(angle: float) -> np.ndarray:
    return np.asarray(Rotation.from_euler("z", angle).as_matrix())


def test_two_results_of_one_film_show_it_once(clip: Path) -> None:
    motion = make_motion(source={"video": str(clip), "start": 0.0})
    shared = document_of([motion, motion], ["a", "b"]).results
    assert [one.same_film for one in shared] == [False, True]
    assert not document_of([motion, make_motion()], ["a", "b"]).results[1].same_film


def test_the_curves_of_a_shorter_result_end_with_it(browser: Any, tmp_path: Path) -> None:
    motion = make_motion()
    heavier = replace(motion, contact_force=2 * motion.contact_force)
    shorter = replace(
        heavier,
        **{name: getattr(heavier, name)[:4] for name in ("joints", "qpos", "qvel", "root_wrench", "contact_force")},
        joint_torque=motion.joint_torque[:4],
        tracked=motion.tracked[:4],
    )
    pictures = []
    for name, pair in (("a", (motion, heavier)), ("b", (motion, shorter))):
        write_page(pair[0], tmp_path / f"{name}.html", pair[1])
        tab, errors = new_tab(browser, 1100, 700)
        tab.goto((tmp_path / f"{name}.html").as_uri())
        tab.wait_for_selector("html[data-drawn]")
        data = tab.locator("figure canvas").first.evaluate("e => e.toDataURL('image/png')")
        pictures.append(decode(base64.b64decode(data.partition(",")[2])).astype(int))
        assert errors == []
        tab.close()
    half = pictures[0].shape[1] // 2
    coloured = [int((np.ptp(image[:, half:], axis=2) > 60).sum()) for image in pictures]
    assert 0 < coloured[1] < 0.8 * coloured[0]


def test_a_motion_of_one_frame_whose_video_is_gone(
    browser: Any, open_viewer: Callable[[Motion], Viewer], tmp_path: Path
) -> None:
    motion = make_motion(source={"video": str(tmp_path / "Gone.mp4")})
    rows = {name: getattr(motion, name)[:1] for name in ("joints", "qpos", "qvel", "root_wrench", "contact_force")}
    single = replace(motion, **rows, joint_torque=motion.joint_torque[:1], tracked=motion.tracked[:1])
    viewer = open_viewer(single)
    tab, errors = new_tab(browser, 760, 420)
    tab.goto(viewer.url)
    tab.get_by_text("Gone.mp4 any more").wait_for()
    tab.get_by_text("frame 0 of 0").wait_for()
    tab.locator("#frame").fill("1")
    tab.locator("#frame").press("Enter")
    assert wait_until(lambda: tab.locator("#frame").input_value() == "0")
    assert tab.get_by_role("button", name="Play", exact=True).is_disabled()
    assert errors == []
    tab.close()


# ---------------------------------------------------------------- the page as a file


def test_the_file_opens_from_disk_without_a_network(browser: Any, clip: Path, tmp_path: Path) -> None:
    source = {"video": str(clip), "start": 0.0, "sha256": sha256(clip)}
    assert write_page(make_motion(source=source, warnings=[NASTY]), tmp_path / "walk é.html") == []
    assert [path.name for path in tmp_path.iterdir()] == ["walk é.html"]
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 700})
    context.set_default_timeout(1000 * HANGS)
    tab, errors, asked = context.new_page(), [], []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((tmp_path / "walk é.html").as_uri())
    tab.wait_for_selector("html[data-drawn]")
    page = SimpleNamespace(tab=tab)
    tab.locator("#frame").fill("7")
    tab.locator("#frame").press("Enter")
    assert wait_until(partial(shows_only, page, 7))
    assert wait_until(partial(shows_video, page, 7))
    assert tab.locator(".word.force").first.is_visible() and tab.locator("figure").count() == 2
    assert not [url for url in asked if not url.startswith(("file:", "blob:", "data:"))], "it asks nobody"
    assert tab.title() == "motion · motionrecon" and errors == [], "and no text of a file ran"
    context.close()


def test_the_file_does_not_tell_where_its_sender_keeps_films(tmp_path: Path) -> None:
    write_page(make_motion(source={"video": str(tmp_path / "private.mp4"), "start": 0.0}), tmp_path / "walk.html")
    text = (tmp_path / "walk.html").read_text()
    assert "This page has no film" in text and "private.mp4" not in text and str(tmp_path) not in text


@pytest.mark.parametrize("digest", [None, "0" * 64])
def test_the_file_holds_no_film_but_the_one_that_the_motion_was_made_from(
    digest: str | None, clip: Path, tmp_path: Path
) -> None:
    source = {"video": str(clip), "start": 0.0, "sha256": digest}
    (said,) = write_page(make_motion(source=source), tmp_path / "walk.html")
    assert str(clip) in said and "SHA-256" in said
    text = (tmp_path / "walk.html").read_text()
    assert '{"pictures": [], ' in text and clip.name not in text


def test_the_file_keeps_within_its_size_by_coarser_pictures(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film of noise, which nothing makes small but fewer and coarser pixels."""
    noise = tmp_path / "noise.mp4"
    write_noise(noise, FRAMES)
    motion = make_motion(source={"video": str(noise), "start": 0.0, "sha256": sha256(noise)})
    write_page(motion, tmp_path / "fine.html")
    fine = (tmp_path / "fine.html").stat().st_size
    without = len(page_of(document_of([motion], ["motion"]), []))
    monkeypatch.setattr("motionrecon.viewer.standalone._FILMS_BYTES", 0)
    monkeypatch.setattr("motionrecon.viewer.standalone._MOST_BYTES", without + (fine - without) // 2)
    write_page(motion, tmp_path / "coarse.html")
    assert (tmp_path / "coarse.html").stat().st_size < without + 0.6 * (fine - without)


def write_noise(path: Path, frames: int) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=20, options={"crf": "30", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for picture in np.random.default_rng(0).integers(0, 255, (frames, 360, 640, 3), np.uint8):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        write_page(make_motion(), tmp_path / "file" / "walk.html")
