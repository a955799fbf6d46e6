"""Folders and files of OpenPose, Pose2Sim, AlphaPose and MMPose: right values from every form that is met."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionrecon.core.landmarks import COUNT, INDEX, NAMES
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, layouts, load_keypoints
from motionrecon.keypoints.layouts import LAYOUTS, Layout
from motionrecon.keypoints.numbering import clips, first_frame

SIZE = (1000, 800)
FRAMES = 12
BY_NAME = {layout.name: layout for layout in LAYOUTS}
BODY_25 = BY_NAME["BODY_25"]

#: A standing person, left half, pixels about the feet's middle at (0, 0), 400 tall.
_LEFT = {
    "shoulder": (45, -330), "elbow": (65, -260), "wrist": (70, -200), "pinky": (72, -180), "index": (70, -175),
    "thumb": (66, -185), "hip": (28, -210), "knee": (30, -115), "ankle": (30, -20), "heel": (28, -8),
    "foot_index": (38, 0), "eye": (8, -385), "eye_inner": (5, -385), "eye_outer": (11, -385), "ear": (16, -380),
}  # fmt: skip


def truth(frame: int, x: float = 400.0, size: float = 1.0) -> np.ndarray:
    """(33, 2) pixels of somebody who walks to the right, one pixel a frame."""
    pixels = np.zeros((COUNT, 2))
    for i, name in enumerate(NAMES):
        side = -1 if "right" in name else 1
        joint = (
            name.replace("left_", "")
            .replace("right_", "")
            .replace("mouth_left", "mouth")
            .replace("mouth_right", "mouth")
        )
        dx, dy = _LEFT.get(joint, (0, -375))
        pixels[i] = x + frame + side * size * dx, 700 + size * dy
    return pixels.round(3)


def points(frame: int, layout: Layout = BODY_25, **where: float) -> np.ndarray:
    """(n, 3) the same as a tool lists it: zeros for what it has besides."""
    values = np.zeros((layout.count, 3))
    landmarks, places = layout.rows
    values[places, :2], values[places, 2] = truth(frame, **where)[landmarks], 0.9
    return values


def openpose(values: np.ndarray) -> dict[str, Any]:
    return {"person_id": [-1], "pose_keypoints_2d": values.ravel().tolist(), "face_keypoints_2d": []}


def write(
    folder: Path,
    people: Callable[[int], list[Any]] = lambda t: [openpose(points(t))],
    name: Callable[[int], str] = lambda t: f"clip_{t:012d}_keypoints.json",
    frames: Any = range(FRAMES),
    dump: Callable[[Any], bytes] = lambda document: json.dumps(document).encode(),
) -> Path:
    folder.mkdir(parents=True)
    for t in frames:
        (folder / name(t)).write_bytes(dump({"version": 1.3, "people": people(t)}))
    return folder


def load(path: Path, **given: Any) -> Keypoints:
    return load_keypoints(path, **{"fps": 30.0, "image_size": SIZE} | given)


def assert_right(result: Keypoints, tracked: Any = range(FRAMES), layout: Layout = BODY_25) -> None:
    assert np.flatnonzero(result.tracked).tolist() == list(tracked)
    landmarks, _ = layout.rows
    for t in tracked:
        np.testing.assert_allclose(result.pixels[t, landmarks], truth(t)[landmarks], atol=1e-3)
        np.testing.assert_allclose(result.confidence[t, landmarks], 0.9)
    others = np.setdiff1d(np.arange(COUNT), landmarks)
    assert np.isnan(result.pixels[:, others]).all() and (result.confidence[:, others] == 0).all()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("neck", [True, False], ids=["all points", "without the middle points"])
def test_every_layout(tmp_path: Path, layout: Layout, neck: bool) -> None:
    def person(t: int) -> np.ndarray:
        values = points(t, layout)
        if neck:  # what tools list besides: necks and middles, which tell BODY_25 and BODY_25B apart as well
            left, right = (values[layout.places[f"{side}_shoulder"]] for side in ("left", "right"))
            values[(values[:, 2] == 0)] = (left + right) / 2
        return values

    assert_right(load(write(tmp_path / "json", lambda t: [openpose(person(t))])), layout=layout)


def test_layouts_name_landmarks_once_and_within_their_points() -> None:
    for layout in LAYOUTS:
        _, places = layout.rows
        assert len(set(places)) == len(places) and max(places) < layout.count, layout.name
        assert set(layout.places) <= set(INDEX)
    assert layouts.of([np.ones((7, 3))]) is None


NAMINGS = {
    "short": lambda t: f"{t}.json",
    "more digits in front": lambda t: f"S01_cam2_take3_{t:05d}.json",
    "more digits behind": lambda t: f"frame_{t:05d}_v2.json",
    "a word behind": lambda t: f"frame_{t:05d}_rgb_keypoints.json",
    "two suffixes": lambda t: f"frame_{t:05d}.jpg.json",
    "upper case": lambda t: f"clip_{t:012d}_keypoints.JSON",
    "Pose2Sim": lambda t: f"cam01_{t:06d}.json",
    "times beside": lambda t: f"frame_{t:04d}_t{t * 33.3:07.1f}.json",
    "not padded": lambda t: f"a 1 {t}.json",
    "other script": lambda t: f"клип {t:03d} 走.json",
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_names_with_other_digits(tmp_path: Path, naming: str) -> None:
    assert_right(load(write(tmp_path / "json", name=NAMINGS[naming])))


def nan_wrist(t: int) -> list[Any]:
    values = points(t)
    values[7] = np.nan
    return [openpose(values)]


ODD_PEOPLE: dict[str, tuple[Callable[[int], list[Any]], Any]] = {
    "nobody": (lambda t: [openpose(points(t))] if t % 5 else [], [t for t in range(FRAMES) if t % 5]),
    "empty person": (lambda t: [openpose(points(t)) if t % 5 else {}], [t for t in range(FRAMES) if t % 5]),
    "null person": (lambda t: [openpose(points(t)), None], range(FRAMES)),
    "a face without a body": (lambda t: [openpose(points(t)), openpose(np.zeros((0, 3)))], range(FRAMES)),
    "null pose": (lambda t: [openpose(points(t)), {"pose_keypoints_2d": None}], range(FRAMES)),
    "zeros": (lambda t: [openpose(np.zeros((25, 3))), openpose(points(t))], range(FRAMES)),
    "NaN": (lambda t: [openpose(np.full((25, 3), np.nan)), openpose(points(t))], range(FRAMES)),
    "face and hands": (
        lambda t: [openpose(points(t)) | {"face_keypoints_2d": [1.0] * 210, "hand_left_keypoints_2d": [1.0] * 63}],
        range(FRAMES),
    ),
    "version 1.0": (lambda t: [{"pose_keypoints": points(t).ravel().tolist()}], range(FRAMES)),
    "nested points": (lambda t: [{"pose_keypoints_2d": points(t).tolist()}], range(FRAMES)),
    "MMPose's people": (
        lambda t: [{"keypoints": points(t)[:, :2].tolist(), "keypoint_scores": points(t)[:, 2].tolist()}],
        range(FRAMES),
    ),
}


@pytest.mark.parametrize("kind", ODD_PEOPLE)
def test_odd_entries(tmp_path: Path, kind: str) -> None:
    people, tracked = ODD_PEOPLE[kind]
    assert_right(load(write(tmp_path / "json", people)), tracked)


@pytest.mark.parametrize("form", ["NaN", "null", "1e400", "9" * 300])
def test_points_that_are_no_numbers_are_unseen(tmp_path: Path, form: str) -> None:
    def dump(document: Any) -> bytes:
        return json.dumps(document).replace("-12345.0", form).encode()

    def people(t: int) -> list[Any]:
        values = points(t)
        values[7, :2] = -12345.0
        return [openpose(values)]

    result = load(write(tmp_path / "json", people, dump=dump))
    assert np.isnan(result.pixels[:, INDEX["left_wrist"]]).all() and result.tracked.all()
    np.testing.assert_allclose(result.pixels[3, INDEX["nose"]], truth(3)[INDEX["nose"]])


def test_confidences_above_1_are_1(tmp_path: Path) -> None:
    people = lambda t: [openpose(points(t, BY_NAME["HALPE_26"]) * [1, 1, 4])]  # noqa: E731 - RTMPose's scores
    assert load(write(tmp_path / "json", people)).confidence[0, INDEX["nose"]] == 1.0


def test_a_byte_order_mark(tmp_path: Path) -> None:
    marked = lambda document: b"\xef\xbb\xbf" + json.dumps(document).encode()  # noqa: E731
    assert_right(load(write(tmp_path / "json", dump=marked)))


def test_files_that_are_no_frames(tmp_path: Path) -> None:
    folder = write(tmp_path / "json")
    for t in range(FRAMES):  # what macOS leaves on other systems' disks
        (folder / f"._clip_{t:012d}_keypoints.json").write_bytes(b"\x00\x05\x16\x07\x00\x02Mac OS X")
    (folder / ".hidden.json").write_text("{")
    (folder / "settings.json").write_text("{}")
    (folder / "calib_2.json").write_text('{"camera": 1}')
    (folder / "notes.txt").write_text("7")
    (folder / "vis").mkdir()
    (folder / "vis" / "frame_1.json").write_text("[]")
    result = load(folder)
    assert_right(result)
    assert any("calib_#" in text and "passed over" in text for text in result.warnings)


@pytest.mark.parametrize("content", [b"", b'{"version": 1.3, "peo', b"\xff\xfe\x00", b"[" * 100_000])
@pytest.mark.parametrize("which", [0, 5, FRAMES - 1])
def test_one_damaged_file_is_a_frame_without_a_person(tmp_path: Path, content: bytes, which: int) -> None:
    folder = write(tmp_path / "json")
    name = f"clip_{which:012d}_keypoints.json"
    (folder / name).write_bytes(content)
    result = load(folder)
    assert_right(result, [t for t in range(FRAMES) if t != which])
    assert any(name in text and "1 of 12 files" in text for text in result.warnings)


def test_many_damaged_files_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "json")
    for t in (2, 7):
        (folder / f"clip_{t:012d}_keypoints.json").write_text('{"people": 7}')
    with pytest.raises(InputError, match=r"2 of 12 files in .*clip_000000000002_keypoints\.json .*no list"):
        load(folder)


def test_files_that_are_no_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "json", frames=range(FRAMES - 1))
    os.mkfifo(folder / f"clip_{FRAMES - 1:012d}_keypoints.json")
    assert_right(load(folder), range(FRAMES - 1))
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="pipe or a device"):
        load(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="pipe or a device"):
        load(tmp_path / "zero.json")


def test_a_folder_within_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "out" / "pose" / "clip_json")
    (tmp_path / "out" / "__MACOSX").mkdir()
    (tmp_path / "out" / "__MACOSX" / "clip_1.json").write_text("{}")
    result = load(tmp_path / "out")
    assert_right(result)
    assert any("out/pose/clip_json" in text for text in result.warnings)


def test_several_clips_are_named(tmp_path: Path) -> None:
    for camera in ("cam1", "cam2"):
        write(tmp_path / "out" / f"{camera}_json", name=lambda t, camera=camera: f"{camera}_{t:06d}.json")
    with pytest.raises(InputError, match=r"several clips \(cam1_json/cam1_#, cam2_json/cam2_#\)"):
        load(tmp_path / "out")
    assert_right(load(tmp_path / "out" / "cam2_json"))
    flat = write(tmp_path / "flat", name=lambda t: f"a_{t}.json")
    for t in range(FRAMES):
        (flat / f"b_{t}.json").write_text("{}")
    with pytest.raises(InputError, match=r"several clips \(a_#, b_#\)"):
        load(flat)


def test_the_clip_that_has_the_videos_name_is_taken(tmp_path: Path) -> None:
    from clips import write_clip

    write(tmp_path / "out" / "cam1_json", name=lambda t: f"cam1_{t:06d}.json")
    write(tmp_path / "out" / "cam2_json", lambda t: [openpose(points(t, x=500.0))], name=lambda t: f"cam2_{t:06d}.json")
    video = write_clip(tmp_path / "cam1.mp4", [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * FRAMES)
    assert_right(load_keypoints(tmp_path / "out", video))


@pytest.mark.parametrize("first", [0, 1, 5000])
def test_without_a_video_the_first_file_is_the_first_frame(tmp_path: Path, first: int) -> None:
    folder = write(tmp_path / "json", lambda t: [openpose(points(t - first))], frames=range(first, first + FRAMES))
    assert_right(load(folder))


@pytest.mark.parametrize(
    ("numbers", "frames", "first", "said"),
    [
        (range(0, 100), 100, 0, False),
        (range(0, 90), 100, 0, False),  # a tool that was stopped
        (range(0, 103), 100, 0, False),  # a decoder that counts otherwise
        (range(3, 100), 100, 0, False),  # nobody at first
        (range(1, 101), 100, 1, True),
        (range(1, 100), 100, 1, True),
        (range(1, 60), 100, 1, True),
        (range(4, 101), 100, 1, True),  # from 1, nobody at first
        (range(5000, 5100), 100, 5000, True),
        (range(50, 130), 100, 50, True),
        ([10**12, 10**12 + 99], 100, 10**12, True),
    ],
)
def test_numbers_and_a_videos_frames(numbers: Any, frames: int, first: int, said: bool) -> None:
    found, why = first_frame(list(numbers), frames, "json")
    assert found == first and (why is not None) == said


def test_numbers_that_count_no_frames() -> None:
    for numbers, frames in (([0, 10**7], None), ([0, 10**7], 100), (range(300), 100), ([1, 10**15], None)):
        with pytest.raises(InputError, match="numbered from"):
            first_frame(list(numbers), frames, "json")
    assert first_frame([0, 9000], None, "json") == (0, None)  # a long absence


def test_huge_frame_numbers_allocate_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "json", lambda t: [openpose(points(0))], name=lambda t: f"{t}.json", frames=[0, 10**7])
    with pytest.raises(InputError, match="numbered from 0 to 10000000"):
        load(folder)
    (folder / f"{'9' * 200}.json").write_text("{}")  # counts nothing
    with pytest.raises(InputError, match="numbered from 0 to 10000000"):
        load(folder)


def test_two_files_of_one_frame() -> None:
    with pytest.raises(InputError, match=r"1\.json and 01\.json are the same frame"):
        clips(["1.json", "01.json", "2.json"])


@pytest.mark.parametrize("span", [(0, 1), (-1, 1)], ids=["0 to 1", "-1 to 1"])
def test_shares_of_the_picture_are_refused(tmp_path: Path, span: tuple[int, int]) -> None:
    low, high = span

    def people(t: int) -> list[Any]:
        values = points(t)
        values[:, :2] = low + (high - low) * values[:, :2] / SIZE
        return [openpose(values)]

    with pytest.raises(InputError, match=r"shares of the picture.*--keypoint_scale 0"):
        load(write(tmp_path / "json", people))


def test_pixels_of_another_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outside the picture of 200x160"):
        load(write(tmp_path / "json"), image_size=(200, 160))


def test_several_people(tmp_path: Path) -> None:
    def people(t: int) -> list[Any]:
        both = [openpose(points(t)), openpose(points(t, x=800.0, size=0.5))]
        return both if t % 2 else both[::-1]

    folder = write(tmp_path / "json", people)
    result = load(folder)
    assert_right(result)
    assert any("2 people" in text and "largest" in text for text in result.warnings)
    for who in (2, "2", "800,600", (800, 600)):
        small = load(folder, person=who)
        np.testing.assert_allclose(small.pixels[3, INDEX["nose"]], truth(3, 800.0, 0.5)[INDEX["nose"]])
    assert_right(load(folder, person=1))
    with pytest.raises(InputError, match=r"person=3: nobody.* 1: seen for 0\.4 s.*385 pixels tall.*; 2: seen for"):
        load(folder, person=3)
    with pytest.raises(InputError, match=r"person=10,10: nobody"):
        load(folder, person="10,10")


def alphapose(t: int, layout: Layout = BY_NAME["COCO_17"]) -> dict[str, Any]:
    return {"image_id": f"{t}.jpg", "category_id": 1, "keypoints": points(t, layout).ravel().tolist(), "score": 3.0}


CLIP_FILES: dict[str, Any] = {
    "AlphaPose": lambda: [alphapose(t) for t in range(FRAMES)],
    "COCO results": lambda: [alphapose(t) | {"image_id": t} for t in reversed(range(FRAMES))],
    "AlphaPose, OpenPose's form": lambda: {
        f"{t}.jpg": {"version": "AlphaPose v0.3", "people": [openpose(points(t, BY_NAME["COCO_17"]))]}
        for t in range(FRAMES)
    },
    "AlphaPose, CMU's form": lambda: {
        f"{t}.jpg": {"version": "AlphaPose v0.3", "bodies": [{"joints": alphapose(t)["keypoints"]}]}
        for t in range(FRAMES)
    },
    "MMPose": lambda: {
        "meta_info": {"dataset_name": "coco"},
        "instance_info": [
            {
                "frame_id": t + 1,
                "instances": [
                    {
                        "keypoints": points(t, BY_NAME["COCO_17"])[:, :2].tolist(),
                        "keypoint_scores": points(t, BY_NAME["COCO_17"])[:, 2].tolist(),
                        "bbox": [[0, 0, 1, 1]],
                    }
                ],
            }
            for t in range(FRAMES)
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("tool", CLIP_FILES)
@pytest.mark.parametrize("inside", [False, True], ids=["file", "folder"])
def test_one_file_for_a_clip(tmp_path: Path, tool: str, inside: bool) -> None:
    file = tmp_path / "out" / "results.json"
    file.parent.mkdir()
    file.write_text(json.dumps(CLIP_FILES[tool]()))
    assert_right(load(file.parent if inside else file), layout=BY_NAME["COCO_17"])


def test_frames_that_a_clips_file_leaves_out(tmp_path: Path) -> None:
    file = tmp_path / "alphapose-results.json"
    file.write_text(json.dumps([alphapose(t) for t in range(FRAMES) if not 4 <= t < 7]))
    tracked = [t for t in range(FRAMES) if not 4 <= t < 7]
    assert_right(load(file), tracked, BY_NAME["COCO_17"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "is one frame"),
        ("7", "no list"),
        ('"text"', "no list"),
        ('{"people": []}', "is one frame"),
        ('{"camera": 1}', "no 'people'"),
        ('[{"image_id": 1.5, "keypoints": [1, 2, 0.5]}]', "a row without a image_id"),
        ('{"instance_info": [{"instances": []}]}', "a row without a frame_id"),
        ('[{"image_id": "a.jpg", "keypoints": [1, 2, 0.5]}]', "none of its frames has a number"),
        ('[{"image_id": "1.jpg", "keypoints": ["a", 2, 0.5]}]', "no numbers"),
        ('[{"image_id": "1.jpg", "keypoints": [1, 2, 3, 4]}]', "4 numbers a person"),
        ('[{"image_id": "1.jpg", "keypoints": ' + str([1, 2, 0.5] * 7) + "}]", "7 points a person; expected one of 15"),
        ("[" * 5000, "nested"),
        ('{"people": ' + "9" * 5000 + "}", "digits"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "k.json").write_text(content)
    with pytest.raises(InputError, match=said):
        load(tmp_path / "k.json")


@pytest.mark.parametrize("fps", [0, -1, 1e-3, 1e300, float("nan"), float("inf"), 30 + 1j, True])
def test_clocks_that_are_none(tmp_path: Path, fps: Any) -> None:
    with pytest.raises(InputError, match="frame rate"):
        load(write(tmp_path / "json"), fps=fps)


@pytest.mark.parametrize("size", [(0, 10), (float("nan"), 10), (float("inf"), 10), (10,), (10**9, 10), ("a", "b")])
def test_sizes_that_are_none(tmp_path: Path, size: Any) -> None:
    with pytest.raises(InputError, match="image_size"):
        load(write(tmp_path / "json"), image_size=size)


def test_openpose_needs_a_clock_and_a_size(tmp_path: Path) -> None:
    folder = write(tmp_path / "json")
    with pytest.raises(InputError, match=r"frame rate; give the video as well, or fps=\.\.\.$"):
        load_keypoints(folder, image_size=(10, 10))
    with pytest.raises(InputError, match=r"image size; give the video as well, or image_size=\.\.\.$"):
        load_keypoints(folder, fps=30.0)


def test_openpose_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \.json"):
        load(tmp_path / "empty")
    folder = write(tmp_path / "json", lambda t: [openpose(points(t)[:7])])
    with pytest.raises(InputError, match="7 points"):
        load(folder)
    mixed = write(tmp_path / "mixed", lambda t: [openpose(points(t, BODY_25 if t % 2 else BY_NAME["COCO_17"]))])
    with pytest.raises(InputError, match="of 17 and of 25 points"):
        load(mixed)
    single = write(tmp_path / "single", frames=[0])
    with pytest.raises(InputError, match="no person was found"):
        load(single)
    (single / "clip_000000000000_keypoints.json").write_text("{")
    with pytest.raises(InputError, match="not OpenPose JSON"):
        load(single)
