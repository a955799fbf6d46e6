"""Pictures of a result: the software mesh, the views, and each kind of file in an independent reader."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from viewing import FRAMES, make_motion, write_video

from motionrecon.body.pose import pose
from motionrecon.cli import main
from motionrecon.core.files import sha256
from motionrecon.core.progress import Calls
from motionrecon.errors import InputError, OutputError
from motionrecon.render import colours
from motionrecon.render.mesh import DrawnMesh, DrawnSurface, draw_mesh
from motionrecon.render.picturing import VIEWS, Studio
from motionrecon.render.rendering import render
from motionrecon.render.sheet import sheet
from motionrecon.render.side_view import draw_arrow
from motionrecon.render.words import draw_words
from motionrecon.result.motion import Motion
from motionrecon.viewer.poses import compute_poses


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> Motion:
    clip = tmp_path_factory.mktemp("render") / "clip.mp4"
    write_video(clip, FRAMES, size=(640, 360))
    return make_motion(source={"video": str(clip), "start": 0.0, "sha256": sha256(clip)})


def ball(centre: np.ndarray, radius: float, colour: tuple[int, int, int]) -> DrawnMesh:
    import trimesh

    mesh = trimesh.creation.icosphere(subdivisions=3, radius=radius)
    faces = np.asarray(mesh.faces)
    vertices, normals = np.asarray(mesh.vertices), np.asarray(mesh.vertex_normals)
    return DrawnMesh(vertices + centre, faces, normals, np.tile(np.array(colour, float), (len(vertices), 1)))


def test_a_ball_covers_what_the_camera_sees_of_it_and_hides_what_is_behind() -> None:
    camera = make_motion().camera
    image = np.zeros((360, 640, 3), np.uint8)
    far, near = (camera.to_world(np.array([[[0.0, 0.0, z]]]))[0, 0] for z in (6.0, 4.0))
    draw_mesh(image, camera, ball(near, 0.2, (0, 200, 0)))
    covered = image.max(axis=2) > 60
    y, x = np.nonzero(covered)
    middle = camera.project(near[None, None])[0, 0]
    np.testing.assert_allclose([x.mean(), y.mean()], middle, atol=0.6)
    radius = 600 * 0.2 / np.sqrt(4.0**2 - 0.2**2)
    assert covered.sum() == pytest.approx(np.pi * radius**2, rel=0.03)
    both = DrawnMesh(*(np.concatenate(each) for each in zip(*(
        (mesh.vertices, mesh.faces + 642 * i, mesh.normals, mesh.colours)
        for i, mesh in enumerate((ball(near, 0.2, (0, 200, 0)), ball(far, 0.2, (200, 0, 0))))
    ), strict=True)))  # fmt: skip
    draw_mesh(image, camera, both)
    assert image[round(middle[1]), round(middle[0]), 1] > 100 > image[round(middle[1]), round(middle[0]), 0]


def test_what_passes_through_another_meets_it_where_they_cross() -> None:
    """Two tall triangles, each nearer at one end: the painter's order would show one of them whole."""
    camera = make_motion().camera
    corners = np.array([[-1.0, 0.5, 3.0], [1.0, 0.0, 5.0], [-1.0, -0.5, 3.0]])
    vertices = camera.to_world(np.concatenate([corners, corners * [-1, -1, 1]])[None])[0]
    colour = np.repeat([[200.0, 0, 0], [0, 200, 0]], 3, axis=0)
    normals = np.tile(-camera.axes[0, 2], (6, 1))
    image = np.zeros((360, 640, 3), np.uint8)
    draw_mesh(image, camera, DrawnMesh(vertices, np.arange(6).reshape(2, 3), normals, colour))
    row = image[180]
    assert (row[200:319, 0] > 100).all() and (row[200:319, 1] == 0).all()
    assert (row[321:440, 1] > 100).all() and (row[321:440, 0] == 0).all()


def test_a_turned_normal_shades_the_middle_of_a_triangle_as_between_its_corners() -> None:
    camera = make_motion().camera
    flat = ball(camera.to_world(np.array([[[0.0, 0.0, 4.0]]]))[0, 0], 0.4, (0, 200, 0))
    image = np.zeros((360, 640, 3), np.uint8)
    draw_mesh(image, camera, flat)
    steps = np.abs(np.diff(image[180, 280:360, 1].astype(int)))
    assert steps.max() <= 3, "no facets"


def test_what_is_behind_the_camera_or_outside_is_left_out() -> None:
    camera = make_motion().camera
    image = np.full((360, 640, 3), 7, np.uint8)
    for place in ([0.0, 0.0, -3.0], [0.0, 0.0, 0.0], [90.0, 0.0, 4.0]):
        draw_mesh(image, camera, ball(camera.to_world(np.array([[place]]))[0, 0], 0.2, (0, 200, 0)))
    assert (image == 7).all()


def test_opacity_lets_the_film_through() -> None:
    camera = make_motion().camera
    middle = camera.to_world(np.array([[[0.0, 0.0, 4.0]]]))[0, 0]
    seen = []
    for opacity in (0.0, 0.5, 1.0):
        image = np.full((360, 640, 3), 100, np.uint8)
        draw_mesh(image, camera, ball(middle, 0.2, (0, 200, 0)), opacity)
        seen.append(int(image[180, 320, 0]))
    assert seen == [100, 50, 0]


def test_sides_load_and_who_is_not_seen_have_their_colours() -> None:
    motion = make_motion()
    surface = DrawnSurface(motion.surface, motion.surface_bodies)
    at, load = pose(motion.model, motion.qpos[:1]), np.zeros(motion.model.nbody)
    plain = surface.at(at, load).colours
    assert {tuple(c) for c in plain.round().astype(int).tolist()} == {colours.LEFT, colours.RIGHT, colours.MIDDLE}
    assert (surface.at(at, load, tracked=False).colours == colours.UNTRACKED).all()
    load[motion.model.body("left_foot").id] = 1.0
    glows = surface.at(at, load).colours
    changed = np.abs(glows - plain).max(axis=1) > 1
    assert 0 < changed.sum() < len(changed) and (glows[changed][:, 0] > 200).all()


def test_the_overlays_hands_are_where_the_camera_saw_them(motion: Motion) -> None:
    studio, film = Studio(motion, 360), np.full((360, 640, 3), 90, np.uint8)
    image = studio.over_film(4, film).astype(int)
    at = pose(motion.model, motion.qpos[4:5])
    for name, channel in (("left_hand", 0), ("right_hand", 2)):
        x, y = motion.camera.project(at.origins[:, motion.model.body(name).id][None])[0, 0].round().astype(int)
        assert image[y, x, channel] > image[y, x, 2 - channel] + 60


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_every_frame_even_without_a_film(motion: Motion, view: str) -> None:
    bare = replace(motion, report={}, contact_force=np.zeros((FRAMES, 2, 3)))
    for one in (motion, bare):
        studio = Studio(one, 240)
        image = studio.with_legend(studio.labelled(5, VIEWS[view](studio, 5, None)))
        assert image.shape[0] == 240 and image.shape[1] % 2 == 0 and image.std() > 3


def test_an_arrow_is_drawn_where_its_points_are_in_a_picture_of_any_size() -> None:
    camera = make_motion().camera
    ends = [camera.to_world(np.array([[[x, y, 4.0]]]))[0, 0] for x, y in ((0.5, 0.4), (0.8, -0.3))]
    width, height = camera.image_size
    expected = camera.project(np.array(ends)[None])[0].mean(axis=0) / (width, height)
    for scale in (1.0, 0.5):
        image = np.zeros((round(scale * height), round(scale * width), 3), np.uint8)
        draw_arrow(image, camera, *ends, colours.FORCE)
        y, x = np.nonzero(image.max(axis=2) > 100)
        box = np.array([x.min() + x.max(), y.min() + y.max()]) / 2 / (image.shape[1], image.shape[0])
        np.testing.assert_allclose(box, expected, atol=0.03)


def test_the_legend_is_whole_in_a_narrow_picture(motion: Motion) -> None:
    narrow = Studio(motion, 720).with_legend(np.full((720, 404, 3), 255, np.uint8))
    assert (narrow[:, -3:] == 255).all()
    assert (narrow[-60:, 300:380] != 255).any()


def test_words_stay_in_the_picture() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    for at in ((-30.0, 5.0), (50.0, 35.0), (500.0, 5.0), (5.0, -300.0)):
        draw_words(image, "Größe 1.0 BW", at, 12)
    assert (image != 200).any()


def test_a_body_weight_is_that_on_earth_whatever_gravity_a_model_says(motion: Motion, tmp_path: Path) -> None:
    pushed = replace(motion, contact_force=np.full_like(motion.contact_force, 50.0))
    floating = replace(
        pushed, model_xml=motion.model_xml.replace("<worldbody>", '<option gravity="0 0 0"/><worldbody>', 1)
    )
    assert not floating.model.opt.gravity.any()
    for name, one in (("a.png", pushed), ("b.png", floating)):
        render(one, tmp_path / name, view="side", at=0.2, height=120)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert compute_poses(floating).weight == compute_poses(pushed).weight > 0


def test_every_picture_of_a_film_counts_as_progress(motion: Motion, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    render(motion, tmp_path / "a.mp4", height=120, progress=Calls(lambda name, done, total: told.append((done, total))))
    assert told[-1] == (FRAMES, FRAMES)


def test_a_sheet_has_rows() -> None:
    images = [np.full((10, 20, 3), 10 * i, np.uint8) for i in range(5)]
    found = sheet(images, columns=2)
    assert found.shape == (3 * 16 - 6, 2 * 26 - 6, 3)
    assert found[16, 0, 0] == 20 and found[33, 0, 0] == 40 and (found[33, 30] == 255).all()


def test_a_film_is_h264_in_the_films_own_time(motion: Motion, tmp_path: Path) -> None:
    render(motion, tmp_path / "walk.mp4", height=240)
    with av.open(str(tmp_path / "walk.mp4")) as file:
        stream = file.streams.video[0]
        assert stream.codec_context.name == "h264" and float(stream.average_rate) == 20.0
        pictures = [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
    assert len(pictures) == FRAMES and pictures[0].shape == (240, 2 * round(640 / 360 * 120), 3)
    film = [float(picture[100, 20].mean()) for picture in pictures]  # beside the person: the clip's grey
    np.testing.assert_allclose(film, 10 * np.arange(FRAMES) + 5, atol=6)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations_are_read_by_pillow(motion: Motion, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"walk{suffix}"
    render(motion, path, view="orbit", height=120, start=0.1, end=0.3)
    with Image.open(path) as image:
        assert (image.n_frames, image.size[1], image.info["loop"]) == (5, 120, 0)
        image.seek(1)
        image.load()
        assert image.info["duration"] == 50


def test_a_moment_and_a_sheet_are_pictures(motion: Motion, tmp_path: Path) -> None:
    render(motion, tmp_path / "a.png", at=0.2, height=240)
    assert cv2.imread(str(tmp_path / "a.png"))[100, 20].mean() == pytest.approx(45, abs=4)
    render(motion, tmp_path / "b.png", view="sheet", height=120)
    assert cv2.imread(str(tmp_path / "b.png")).shape[0] == 2 * 126 - 6 + 9
    few = motion.tracked.copy()
    few[3:] = False
    render(replace(motion, tracked=few), tmp_path / "c.png", view="sheet", height=120)
    assert cv2.imread(str(tmp_path / "c.png")).shape[0] == 120 + 9, "one row of three, where others show nobody"


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("a.avi", {}, r"a\.avi: what is drawn is one of \.mp4, \.gif"),
        ("a.mp4", {"view": "above"}, "view=above: there are overlay, beside, side, orbit and sheet"),
        ("a.mp4", {"view": "sheet"}, r"give a \.png"),
        ("a.mp4", {"height": 9000}, "height=9000"),
        ("a.mp4", {"start": 0.3, "end": 0.1}, "end=0.1 s is before start=0.3 s"),
        ("a.png", {"at": 7.0}, r"at=7: this motion is from 0 to 0\.55 s"),
        ("a.mp4", {"at": 0.2}, r"at=0\.2: a\.mp4 shows more than one moment"),
        ("a.png", {"at": 0.2, "view": "sheet"}, "more than one moment"),
        ("a.mp4", {"start": float("nan")}, "start=nan"),
        ("a.mp4", {"camera_name": "cam"}, "camera_name=cam: the cameras of this motion are one"),
    ],
)
def test_what_cannot_be_drawn_is_said(motion: Motion, tmp_path: Path, name: str, given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        render(motion, tmp_path / name, **given)
    assert not list(tmp_path.iterdir())


def test_the_command_names_the_file_and_replaces_nothing_unasked(
    motion: Motion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(Path(__file__).parent / "results" / "0.1.0", tmp_path / "walk_motionrecon")
    given = ["render", "walk_motionrecon", "--view", "sheet", "--height", "120"]
    assert main(given) == 0 and capsys.readouterr().out == "walk_sheet.png\n"
    assert main([*given, "--force", "--quiet"]) == 0 and capsys.readouterr().out == ""
    assert main(["render", "walk_motionrecon", "--view", "side", "--at", "0", "--height", "120"]) == 0
    assert capsys.readouterr().out == "walk_side.png\n"
    assert main(given) == 2 and "walk_sheet.png is there already" in capsys.readouterr().err
    assert main([*given, "--force"]) == 0
    with pytest.raises(OutputError):
        render(motion, tmp_path / "walk_sheet.png" / "a.png")


def test_the_film_that_a_motion_was_made_from_is_never_replaced(
    motion: Motion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """walk.mp4 is what somebody would call the drawn film, too, and --force is what they are told to replace a file."""
    film, result = tmp_path / "walk.mp4", tmp_path / "walk_motionrecon"
    write_video(film, FRAMES, size=(640, 360))
    before = sha256(film)
    shutil.copytree(Path(__file__).parent / "results" / "0.1.0", result)
    report = json.loads((result / "report.json").read_text())
    report["source"] = {"video": str(film), "start": None, "end": None, "sha256": before}
    (result / "report.json").write_text(json.dumps(report))
    (tmp_path / "linked.mp4").symlink_to(film)
    for name in ("walk.mp4", "linked.mp4"):
        for given in ([], ["--force"], ["--force", "--view", "side"]):
            assert main(["render", str(result), str(tmp_path / name), "--quiet", *given]) == 2
            assert f"{name} is the film that the motion was made from; choose another name" in capsys.readouterr().err
    with pytest.raises(OutputError, match="is the film"):
        render(replace(motion, report={"source": {"video": str(film), "start": 0.0, "sha256": before}}), film)
    assert sha256(film) == before


def test_a_film_that_is_gone_is_said_with_what_to_do(motion: Motion, tmp_path: Path) -> None:
    gone = {"source": {"video": str(tmp_path / "gone.mp4"), "start": 0.0, "sha256": "0" * 64}}
    with pytest.raises(InputError, match=r"not at .*gone\.mp4 any more; put it back there, or draw .* view=side"):
        render(replace(motion, report=gone), tmp_path / "walk.png")


def test_a_film_that_the_report_does_not_know_is_not_drawn(motion: Motion, tmp_path: Path) -> None:
    source = motion.report.source
    assert source is not None
    strange = replace(motion, report={"source": {"video": source.video, "start": 0.0, "sha256": "0" * 64}})
    with pytest.raises(InputError, match=r"clip\.mp4 is not the film"):
        render(strange, tmp_path / "walk.png")
    render(strange, tmp_path / "side.png", view="side")
    assert [path.name for path in tmp_path.iterdir()] == ["side.png"]
