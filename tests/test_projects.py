"""Pose2Sim's project folders: what of them is read, what wins, and what is said of the rest."""

from __future__ import annotations

import inspect
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from camera_texts import pose2sim, qualisys
from clips import empty_images, write_clip

from motionrecon.cameras.files import camera_names, load_rig
from motionrecon.cli import main
from motionrecon.errors import InputError
from motionrecon.options import Options
from motionrecon.pipeline import reconstruct
from motionrecon.projects import opened
from motionrecon.run import Run
from motionrecon.source import look

SIZE = (640, 360)
K = np.array([[600.0, 0, 320], [0, 600, 180], [0, 0, 1]])
R = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
TURNED = np.array([[0.0, 1, 0], [0, 0, -1], [-1, 0, 0]])
LENS = np.array([0.01, -0.02, 0.001, 0.0005])
DEFAULTS = {name: parameter.default for name, parameter in inspect.signature(reconstruct).parameters.items()}
#: As a young project has it.
CONFIG = """
[project]
project_dir = '.' # a comment
multi_person = false
participant_height = 1.72
participant_mass = 70.0
frame_rate = 'auto'
frame_range = 'auto'
[pose]
pose_model = 'Body_with_feet'
[[pose.CUSTOM]]
name = "Hip"
id = 19
[filtering]
type = 'butterworth'
"""


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("film") / "film.mp4", empty_images(12, SIZE))


def calibration(names, text=pose2sim) -> str:
    places = zip(names, (R, TURNED, R), np.array([[0, 1.2, 4.0], [0, 1.2, 5.0], [0, 1.2, 6.0]]), strict=False)
    return "".join(text(K, LENS, SIZE, turn, t, name=name).partition("[metadata]")[0] for name, turn, t in places)


def project(folder: Path, film: Path | None, videos=("cam01.mp4", "cam02.mp4"), config=CONFIG) -> Path:
    (folder / "calibration").mkdir(parents=True)
    (folder / "calibration" / "Calib_scene.toml").write_text(calibration(["cam_01", "cam_02"]))
    (folder / "Config.toml").write_text(config)
    if film is not None:
        (folder / "videos").mkdir()
        for name in videos:
            shutil.copy(film, folder / "videos" / name)
    return folder


def keypoints(folder: Path, frames, stem="cam01") -> None:
    """Somebody of 26 points (HALPE_26), in one file a frame."""
    folder.mkdir(parents=True)
    body = np.random.default_rng(0).uniform((280, 90), (360, 270), (26, 2))
    for frame in frames:
        points = np.c_[body[:, 0] + 3 * frame, body[:, 1], np.full(26, 0.9)].round(2)
        person = {"person_id": [-1], "pose_keypoints_2d": points.ravel().tolist()}
        (folder / f"{stem}_{frame:06d}.json").write_text(json.dumps({"version": 1.3, "people": [person]}))


def values(path: Path, **given) -> dict:
    found, _ = opened(DEFAULTS | {"video": path} | given)
    return {name: value for name, value in found.items() if value != DEFAULTS[name]}


def remarks(path: Path, **given) -> str:
    return "\n".join(opened(DEFAULTS | {"video": path} | given)[1])


def test_a_project_is_its_videos_its_calibration_and_its_person(tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film)
    (folder / "videos" / "notes.txt").write_text("no video")
    found = values(folder)
    assert found == {
        "video": [str(folder / "videos" / f"cam0{i}.mp4") for i in (1, 2)],
        "height": 1.72,
        "mass": 70.0,
        "camera": str(folder / "calibration" / "Calib_scene.toml"),
        "camera_name": ["cam_01", "cam_02"],
    }
    assert remarks(folder) == ""
    options = Options.of(DEFAULTS | found)
    assert options.height_given and options.to_dict()["camera_name"] == ["cam_01", "cam_02"]
    source = look(Run(), found["video"], options)
    assert source.posed and [one.name for one in source.recordings] == ["cam_01", "cam_02"]
    for other in (str(folder), [folder], folder / "Config.toml"):
        assert values(other) == found


def test_what_the_user_gives_wins(tmp_path, film) -> None:
    config = CONFIG.replace("frame_range = 'auto'", "frame_range = [3, 9]").replace("70.0", "[70.0, 60.0]")
    folder = project(tmp_path / "walk", film, config=config)
    found = values(folder)
    assert (found["start"], found["end"]) == pytest.approx((0.1, 0.3)) and "mass" not in found
    assert "participant_mass is of 2 people (70, 60), and not used; give mass=" in remarks(folder)
    own = values(folder, height=1.6, mass=50.0, end=0.2, fov=[60.0, 70.0])
    assert own == {"video": found["video"], "height": 1.6, "mass": 50.0, "end": 0.2, "fov": [60.0, 70.0]}
    assert remarks(folder, mass=50.0) == ""
    named = values(folder, camera_name=["cam_02", "cam_01"])
    assert (named["camera"], named["camera_name"]) == (found["camera"], ["cam_02", "cam_01"])
    assert Options.of(DEFAULTS | named).camera_name == ("cam_02", "cam_01")
    other = values(folder, camera=found["camera"])
    assert other["camera"] == found["camera"] and "camera_name" not in other


def test_cameras_are_in_natural_order_and_matched_by_name_or_order(tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film, ["cam10.mp4", "cam2.mp4"])
    assert [Path(video).name for video in values(folder)["video"]] == ["cam2.mp4", "cam10.mp4"]
    assert values(folder)["camera_name"] == ["cam_01", "cam_02"]
    assert "matched to videos in their order: cam2.mp4 and cam_01, cam10.mp4 and cam_02" in remarks(folder)
    (folder / "calibration" / "Calib_scene.toml").write_text(calibration(["cam_10", "cam_2"]))
    assert values(folder)["camera_name"] == ["cam_2", "cam_10"]
    assert "matched by name, where Pose2Sim goes by order" in remarks(folder)
    assert remarks(folder, camera_name=["cam_10", "cam_2"]) == ""
    (folder / "calibration" / "Calib_scene.toml").write_text(calibration(["left", "right", "behind"]))
    with pytest.raises(InputError, match=r"holds 3 cameras \(left, right, behind\), .* of 2 \(cam2.mp4, cam10.mp4\)"):
        values(folder)


def test_the_newest_calibration_counts_and_qualisys_is_read_where_there_is_none(tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film)
    place = folder / "calibration"
    text = qualisys(K, LENS, SIZE, R, [0, 1.2, 4.0], name="cam2")
    other = qualisys(K, LENS, SIZE, TURNED, [0, 1.2, 5.0], name="cam10")
    body = other[other.index("<camera ") : other.index("<camera model")]
    (place / "Calib.qca.txt").write_text(text.replace("<cameras>\n", f"<cameras>\n{body}"))
    assert values(folder)["camera"].endswith("Calib_scene.toml")
    (place / "Calib_board.toml").write_text(calibration(["cam_01", "cam_02"]))
    os.utime(place / "Calib_scene.toml", (1, 1))
    assert values(folder)["camera"].endswith("Calib_board.toml")
    assert "Calib_board.toml is taken, the newest of 2 calibrations there" in remarks(folder)
    for file in place.glob("*.toml"):
        file.unlink()
    found = Path(values(folder)["camera"])
    assert found.name == "Calib.qca.txt" and camera_names(found) == ["cam2", "cam10"]
    cameras, posed = load_rig(found, ["cam10", "cam2"], [SIZE] * 2)
    assert posed
    np.testing.assert_allclose(cameras[0].R_camera_world, TURNED, atol=1e-12)
    np.testing.assert_allclose(cameras[0].t_camera_world, [0, 1.2, 5.0], atol=1e-12)
    np.testing.assert_allclose(cameras[0].distortion, LENS, atol=1e-12)
    found.rename(place / "calibration.xcp")
    with pytest.raises(InputError, match=r"can be read \(looked for .*\.json, .*Pose2Sim\.calibration"):
        values(folder)
    (place / "calibration.xcp").unlink()
    assert "camera" not in values(folder) and "it has no calibration" in remarks(folder)
    assert remarks(folder, fov=60.0) == ""


def test_a_trial_of_a_batch_says_what_it_does_otherwise(tmp_path, film) -> None:
    batch = project(tmp_path / "batch", None)
    for name, config in (("Trial_1", "# [project]\n"), ("Trial_2", "[project]\nparticipant_height = 'auto'\n")):
        project(batch / name, film, config=config)
        for file in (batch / name / "calibration").iterdir():
            file.unlink()
        (batch / name / "calibration").rmdir()
    assert values(batch / "Trial_1")["height"] == 1.72
    found = values(batch / "Trial_2")
    assert "height" not in found and found["mass"] == 70.0
    assert found["camera"] == str(batch / "calibration" / "Calib_scene.toml")
    (batch / "Trial_1" / "Config.toml").unlink()
    assert values(batch / "Trial_1")["height"] == 1.72
    with pytest.raises(InputError, match=r"it is a batch of several trials; give one of them: .*Trial_2$"):
        values(batch)


def test_a_session_of_version_07(tmp_path, film) -> None:
    session = tmp_path / "S00_Session"
    trial = project(session / "S00_P00" / "S00_P00_T01", film, config="# [project]\n# frame_rate = 60\n")
    (trial / "calibration").rename(session / "S00_Calibration")
    (session / "Config.toml").write_text(
        "[project]\nframe_rate = 60\nframe_range = []\n[markerAugmentation]\nparticipant_height = 1.72\n"
        "participant_mass = 70.0\n[opensim]\nstatic_trial = ['S00_P00/S00_P00_T00']\n"
    )
    (session / "S00_P00" / "Config.toml").write_text("[project]\nframe_range = [0, 6]\nframe_rate = 30\n")
    found = values(trial)
    assert found["height"] == 1.72 and found["mass"] == 70.0 and found["end"] == pytest.approx(0.2)
    assert found["camera"] == str(session / "S00_Calibration" / "Calib_scene.toml") and "filmed_fps" not in found
    with pytest.raises(InputError, match=r"batch of several trials; give one of them: .*S00_P00_T01"):
        values(session)


def test_a_project_of_version_03(tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film)
    (folder / "User").mkdir()
    (folder / "Config.toml").rename(folder / "User" / "Config.toml")
    (folder / "User" / "Config.toml").write_text(
        "[project]\nproject_dir = ''\nframes_range = [0,6]\nframe_rate = 120 #Hz\nrawImg_folder_name = 'raw-2d'\n"
        "calib_folder_name = 'calib-2d'\npose_folder_name = 'pose-2d'\n[pose-2d]\nopenpose_model = 'BODY_25B'\n"
    )
    (folder / "videos").rename(folder / "raw-2d")
    (folder / "calibration").rename(folder / "calib-2d")
    for i in (1, 2):
        keypoints(folder / "pose-2d" / f"any_{i}_json", range(12))
    found = values(folder)
    assert found["filmed_fps"] == 120 and found["end"] == pytest.approx(0.2)
    assert found["keypoints"] == [str(folder / "pose-2d" / f"any_{i}_json") for i in (1, 2)]
    said = remarks(folder)
    assert "cam01.mp4 and any_1_json" in said and "taken for slow motion; give filmed_fps=30" in said
    assert values(folder / "User" / "Config.toml") == found


@pytest.mark.parametrize(
    ("rate", "plays", "filmed", "said"),
    [
        (30.1, (30, 30), None, ""),
        (120, (30, 30), 120, "cam01.mp4 plays at 30: it is taken for slow motion; give filmed_fps=30 if it is not"),
        (240, (30, 60), 240, "cam01.mp4 plays at 30: it is taken for slow motion; give filmed_fps=[30, 60] if"),
        (240, (240, 30), [240, 240], "cam02.mp4 plays at 30: it is taken for slow motion; give filmed_fps=[240, 30]"),
        (60, (30, 30), None, "cam01.mp4 plays at 30: films are taken to be as quick as they play; give filmed_fps="),
        (60, (60, 30), None, "cam02.mp4 plays at 30: films are taken to be as quick as they play"),
        (100, (30, 30), None, "plays at 30: films are taken to be as quick"),
        (240, (30, 50), None, "plays at 30: films are taken to be as quick"),
        ("inf", (30, 30), None, ""),
        (15, (30, 30), None, "frame_rate = 15, cam01.mp4 plays at 30: films are taken to be as quick as they play"),
    ],
)
def test_only_a_rate_that_slow_motion_has_is_taken_for_it(rate, plays, filmed, said, tmp_path) -> None:
    folder = project(tmp_path / "walk", None, config=CONFIG.replace("'auto'", str(rate), 1))
    (folder / "videos").mkdir()
    for i, fps in enumerate(plays, start=1):
        write_clip(folder / "videos" / f"cam0{i}.mp4", empty_images(6, SIZE), fps)
    found = values(folder)
    assert found.get("filmed_fps") == filmed and said in remarks(folder) and bool(remarks(folder)) == bool(said)
    assert remarks(folder, filmed_fps=30.0) == ""
    if not said:
        return
    clocks = [one.clock for one in look(Run(), found["video"], Options.of(DEFAULTS | found)).recordings]
    slow = [clock.film_fps is not None for clock in clocks]
    assert slow == [filmed is not None and fps != rate for fps in plays]
    assert ("slow motion" in remarks(folder)) == (rate > min(plays))


def test_keypoints_are_used_instead_of_detection_with_pose2sims_offsets(tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film)
    for i in (1, 2):
        keypoints(folder / "pose" / f"cam0{i}_json", range(12), f"cam0{i}")
    found = values(folder)
    assert found["keypoints"] == [str(folder / "pose" / f"cam0{i}_json") for i in (1, 2)] and "offset" not in found
    assert "without it, they would be detected" in remarks(folder)
    for i, shift in ((1, 1), (2, -2)):  # Pose2Sim numbers a file n anew as n - shift, and drops what is not above 0
        place = folder / "pose-sync" / f"cam0{i}_json"
        place.mkdir(parents=True)
        for frame in range(12):
            if frame - shift > 0:
                content = (folder / "pose" / f"cam0{i}_json" / f"cam0{i}_{frame:06d}.json").read_bytes()
                (place / f"cam0{i}_{frame - shift:06d}.json").write_bytes(content)
    # What is frame 4 of the first film is frame 3 together, and frame 1 of the second film.
    assert values(folder)["offset"] == pytest.approx([3 / 30])
    assert "pose-sync: +0.100 s" in remarks(folder) and "pose-sync" not in remarks(folder, offset=0.0)
    found = values(folder)
    source = look(Run(), found["video"], Options.of(DEFAULTS | found))
    assert all(one.keypoints is not None and len(one.keypoints) == 12 for one in source.recordings)
    for name in ("cam01_json", "cam02_json"):
        (folder / "pose" / name).rename(folder / "pose" / f"x{name}")
    (folder / "pose" / "third_json").mkdir()
    keypoints(folder / "pose" / "x_json", range(3))
    with pytest.raises(InputError, match=r"there are 2 videos, and keypoints of 3 cameras in .*pose, which are not"):
        values(folder)


def test_keypoints_without_videos(tmp_path) -> None:
    folder = project(tmp_path / "walk", None)
    for i in (1, 2):
        keypoints(folder / "pose" / f"cam0{i}_json", range(5, 17), f"cam0{i}")
    with pytest.raises(InputError, match=r"keypoints without videos; say in Config\.toml .* \(frame_rate = 60\)"):
        values(folder)
    config = CONFIG.replace("frame_rate = 'auto'", "frame_rate = 50").replace("= 'auto'", "= [8, 100]")
    (folder / "Config.toml").write_text(config)
    found = values(folder)
    assert "video" not in found and found["filmed_fps"] == 50
    assert (found["start"], found["end"]) == pytest.approx((3 / 50, 12 / 50))
    source = look(Run(), None, Options.of(DEFAULTS | found))
    for one in source.recordings:
        assert one.video is None and one.keypoints is not None and len(one.keypoints) in (9, 12)
        assert one.keypoints.image_size == SIZE and one.clock.fps == 50 and one.clock.film_fps is None
    (folder / "pose").rename(folder / "pose-associated")
    assert [Path(one).parent.name for one in values(folder)["keypoints"]] == ["pose-associated"] * 2


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            "[project]\nframe_range = [9, 3]",
            r"frame_range of Config.toml is \[9, 3\]; the second frame must come",
        ),
        (
            "[project]\nframe_range = [20, 30]",
            r"frame_range of Config.toml is \[20, 30\], and there are frames 0 to 11",
        ),
        ("[project]\nframe_range = 7", 'frame_range of Config.toml is 7; it must be "all", "auto" or two frames'),
        ("[project]\nparticipant_height = 'tall'", "participant_height of Config.toml is 'tall'; it must be a number"),
        ("[project", r"Config\.toml is not TOML"),
        ("[project]\nparticipant_height = 172", r"height=172.0 cannot|height=172 is out of range.*did you mean 1.72"),
    ],
)
def test_a_configuration_that_cannot_be_right_is_refused(config, said, tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film, config=config)
    with pytest.raises(InputError, match=said):
        Options.of(DEFAULTS | values(folder))


@pytest.mark.parametrize("table", ["project = 3", "project = []", "pose = 'x'\ncalibration = 1", ""])
def test_a_configuration_that_says_nothing_is_passed_over(table, tmp_path, film) -> None:
    assert set(values(project(tmp_path / "walk", film, config=table))) == {"video", "camera", "camera_name"}


def test_several_people_are_said(tmp_path, film) -> None:
    folder = project(tmp_path / "walk", film, config=CONFIG.replace("multi_person = false", "multi_person = true"))
    assert "of several people (multi_person); one of them is reconstructed: choose with person=" in remarks(folder)
    assert remarks(folder, person=2) == ""


def test_what_is_no_project_is_refused(tmp_path, film) -> None:
    with pytest.raises(InputError, match=r"is a folder, but no project of Pose2Sim, which has a Config\.toml"):
        values(tmp_path)
    (tmp_path / "0001.PNG").touch()
    with pytest.raises(InputError, match=r"; numbered pictures are not read, make a video of them first"):
        values(tmp_path)
    (tmp_path / "walk.MP4").touch()
    with pytest.raises(InputError, match=r"; `motionrecon batch` does all videos in a folder"):
        values(tmp_path)
    (tmp_path / "walk.MP4").unlink()
    (tmp_path / "Config.toml").write_text(CONFIG)
    with pytest.raises(InputError, match=r"it has no videos \(in videos\) and no keypoints \(in pose"):
        values(tmp_path)
    (tmp_path / "videos" / "cam1").mkdir(parents=True)
    (tmp_path / "videos" / "cam1" / "0001.png").write_bytes(b"")
    with pytest.raises(InputError, match="videos holds pictures, which cannot be read; make a video of each"):
        values(tmp_path)
    video = tmp_path / "film.mp4"
    assert values(video) == {"video": video} and values([video, video]) == {"video": [video, video]}


def test_the_command_says_what_it_read_and_names_the_result(tmp_path, film, monkeypatch, caplog) -> None:
    folder = project(tmp_path / "walk.v2", film, config=CONFIG.replace("multi_person = false", "multi_person = true"))
    for i in (1, 2):
        keypoints(folder / "pose" / f"cam0{i}_json", range(12), f"cam0{i}")
    called = {}

    def claim(run, output, source, options):
        called.update(output=output, options=options)
        raise InputError("far enough")

    monkeypatch.chdir(folder)
    monkeypatch.setattr("motionrecon.publish.claim", claim)
    assert main(["reconstruct", ".", "--quiet", "--mass", "60"]) == 2
    assert called["output"] == Path("walk.v2_motionrecon") and called["options"].mass == 60
    assert called["options"].height == 1.72 and len(called["options"].keypoints) == 2
    assert "choose with --person" in caplog.text and "keypoints are those in" in caplog.text


def test_the_door_is_silent_without_a_folder() -> None:
    assert opened(DEFAULTS) == (DEFAULTS, ())
