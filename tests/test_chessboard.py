"""Cameras calibrated with a chessboard: pictures rendered from cameras that are known exactly."""

import boards
import cv2
import numpy as np
import pytest
from clips import write_clip

from motionrecon import cli
from motionrecon.cameras.files import load_camera, write_cameras
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.chessboard.board import Board
from motionrecon.chessboard.calibration import _stripped, calibrate
from motionrecon.chessboard.floor import standing
from motionrecon.chessboard.shots import Shot, Shots
from motionrecon.core import so3
from motionrecon.errors import InputError, OutputError

SIZE = (640, 480)
BOARD = Board(7, 4, 0.04)
LENSES = (
    np.array([[600.0, 0, 322], [0, 600.0, 237], [0, 0, 1]]),
    np.array([[660.0, 0, 316], [0, 655.0, 244], [0, 0, 1]]),
)


def rendered(K, R, t, board=BOARD):
    return boards.rendered(K, R, t, board, SIZE)


def truly(K, R, t, board=BOARD):
    """Where the corners are, with pixels' centres at whole numbers as `cv2.resize` leaves them."""
    return (Pinhole(K, SIZE, R, t).project(board.points[None])[0] - 0.5) / 1.0


def looking(tilt, turn, roll, away, aside=(0.0, 0.0)):
    """A pose in front of the board's middle."""
    middle = BOARD.points.mean(0)
    R = so3.matrix(np.array([0, 0, roll])) @ so3.matrix(np.array([tilt, turn, 0.0])) @ np.diag([1.0, -1.0, -1.0])
    return R, np.array([*aside, away]) - R @ middle


POSES = [
    looking(0.0, 0.0, 0.0, 0.55),
    looking(0.6, 0.1, 0.1, 0.6, (-0.1, -0.05)),
    looking(-0.6, 0.0, 0.3, 0.6, (0.1, 0.05)),
    looking(0.1, 0.6, -0.2, 0.6, (0.1, -0.06)),
    looking(0.0, -0.6, 0.0, 0.6, (-0.1, 0.06)),
    looking(0.4, 0.4, 3.0, 0.8, (0.0, 0.1)),
    looking(-0.4, 0.3, 1.5, 0.9, (0.2, 0.0)),
    looking(0.3, -0.4, -1.5, 0.7, (-0.1, 0.0)),
]
EYES = ((0.5, -0.9, 0.7), (-0.6, 0.5, 0.8))


def over(eye):
    """A camera over the floor that looks at the board: R and t."""
    forward = BOARD.points.mean(0) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(forward, right), forward])
    return R, -R @ np.array(eye)


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """Pictures of two cameras: intrinsics/int_cam1_img/..., extrinsics/cam1_ext.png."""
    folder = tmp_path_factory.mktemp("studio")
    for i, (K, eye) in enumerate(zip(LENSES, EYES, strict=True), 1):
        inside = folder / "intrinsics" / f"int_cam{i}_img"
        inside.mkdir(parents=True)
        for k, pose in enumerate(POSES):
            cv2.imwrite(str(inside / f"{k}.png"), rendered(K, *pose))
        (folder / "extrinsics").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "extrinsics" / f"cam{i}_ext.png"), rendered(K, *over(eye)))
    (folder / "intrinsics" / ".hidden").mkdir()
    return folder


def test_the_cameras_are_found(studio, tmp_path):
    path = tmp_path / "Calib.toml"
    found = calibrate("7x4", 40, [studio / "intrinsics"], [studio / "extrinsics"], output=path)
    assert [one.name for one in found] == ["cam1", "cam2"]
    for one, K, eye in zip(found, LENSES, EYES, strict=True):
        assert np.abs(one.camera.K - K).max() < 3.0
        assert np.abs(one.camera.distortion[:2]).max() < 0.05
        assert one.lens.error_px < 0.3 and one.lens.focal_error < 0.01 and one.lens.pictures >= 7
        assert np.linalg.norm(one.camera.eye[0] - eye) < 0.01
        R, _ = over(eye)
        assert np.linalg.norm(so3.log(so3.from_matrix(one.camera.R_camera_world @ R.T))) < np.radians(0.4)
        assert 0 < one.standing.uncertainty.rotation < 0.5 and 0 < one.standing.uncertainty.place < 0.01
        read = load_camera(path, one.name, SIZE)
        assert read.calibrated and np.allclose(read.K, one.camera.K)
        assert np.allclose(read.eye, one.camera.eye)
        assert f"{one.name}: field of view" in str(one) and "above the floor" in str(one)


def test_lenses_alone_then_places_with_them(studio, tmp_path):
    lenses, places = tmp_path / "Lenses.toml", tmp_path / "Calib.toml"
    calibrate("7x4", 40, sorted((studio / "intrinsics").glob("int*")), output=lenses)
    assert not load_camera(lenses, "cam1", SIZE).calibrated
    pictures = sorted((studio / "extrinsics").iterdir())
    found = calibrate("7x4", 40, (), pictures, camera=lenses, output=places)
    assert [one.lens for one in found] == [None, None]
    assert np.linalg.norm(found[1].camera.eye[0] - EYES[1]) < 0.01


def test_a_file_lends_each_camera_its_own_lens_and_no_others(studio, tmp_path):
    lenses = tmp_path / "Lenses.toml"
    calibrate("7x4", 40, sorted((studio / "intrinsics").glob("int*"))[:1], output=lenses)
    pictures = sorted((studio / "extrinsics").iterdir())
    with pytest.raises(InputError, match=r"Lenses\.toml holds one camera, and there are 2 \(cam1, cam2\)"):
        calibrate("7x4", 40, (), pictures, camera=lenses)
    assert calibrate("7x4", 40, (), pictures[:1], camera=lenses, names=["any"])[0].name == "any"
    both = tmp_path / "Both.toml"
    camera = Pinhole(LENSES[0], SIZE, LEVEL, np.zeros(3))
    write_cameras(both, {"left": camera, "right": camera}, posed=False)
    with pytest.raises(InputError, match=r"holds no cam1; its cameras are left, right: say with names=\.\.\."):
        calibrate("7x4", 40, (), pictures, camera=both)
    with pytest.raises(InputError, match=r"holds no cam1; its cameras are left, right"):
        calibrate("7x4", 40, (), pictures[:1], camera=both)
    found = calibrate("7x4", 40, (), pictures, camera=both, names=["left", "right"])
    assert [one.name for one in found] == ["left", "right"]


def test_videos_and_the_board_that_is_laid_down_in_one(tmp_path):
    K, eye = LENSES[0], EYES[0]
    R, t = over(eye)
    moving = [rendered(K, *pose) for pose in POSES]
    lying = rendered(K, R, t)
    board, floor = tmp_path / "cam_board.mp4", tmp_path / "cam_floor.mp4"
    colour = [np.repeat(image[..., None], 3, axis=2) for image in (*moving, *[lying] * 5)]
    write_clip(board, colour, fps=10)
    write_clip(floor, colour[4:], fps=10)
    (found,) = calibrate("7x4", 40, [board], [floor])
    assert found.name == "cam"
    assert np.abs(found.camera.K - K).max() < 6.0
    assert np.linalg.norm(found.camera.eye[0] - eye) < 0.02
    write_clip(floor, colour[:8], fps=10)
    with pytest.raises(InputError, match=r"never lies still in .*cam_floor"):
        calibrate("7x4", 40, [board], [floor])


@pytest.mark.parametrize("board", [BOARD, Board(4, 7, 0.06), Board(6, 9, 0.03)])
@pytest.mark.parametrize("roll", np.linspace(0, 2 * np.pi, 8, endpoint=False) + 0.1)
def test_corners_come_in_one_order_however_the_camera_is_held(board, roll):
    R = so3.matrix(np.array([0, 0, roll])) @ so3.matrix(np.array([0.3, 0.2, 0.0])) @ np.diag([1.0, -1.0, -1.0])
    t = np.array([0.0, 0.0, 1.8 * max(board.columns, board.rows) * board.square]) - R @ board.points.mean(0)
    found = board.corners(rendered(LENSES[0], R, t, board), effort=2)
    assert found is not None
    assert np.linalg.norm(found - truly(LENSES[0], R, t, board), axis=1).max() < 0.7


def test_the_uncertainty_is_that_of_repeated_pictures():
    R, t = over(EYES[0])
    camera = Pinhole(LENSES[0], SIZE, LEVEL, np.zeros(3))
    corners = truly(LENSES[0], R, t)
    rng = np.random.default_rng(0)
    places, turns, said = [], [], []
    for _ in range(60):
        noisy = corners + 0.3 * rng.standard_normal(corners.shape)
        found = standing("cam", Shots(None, SIZE, (Shot("", noisy, 1.0),), 1, False), BOARD, camera)
        places.append(found.camera.eye[0])
        turns.append(np.degrees(so3.log(so3.from_matrix(found.camera.R_camera_world @ R.T))))
        said.append((found.uncertainty.rotation, found.uncertainty.place))
    rotation, place = np.mean(said, axis=0)
    assert np.sqrt(np.var(turns, axis=0).sum()) == pytest.approx(rotation, rel=0.3)
    assert np.sqrt(np.var(places, axis=0).sum()) == pytest.approx(place, rel=0.3)


@pytest.mark.parametrize(
    ("board", "square", "said"),
    [
        ("9", 25, "board=9 is no board"),
        ("axb", 25, "is no board"),
        ("2x6", 25, "boards have 3 to 60"),
        ("9x6", 0.025, "probably in metres"),
        ("9x6", -5, "square=-5"),
        ("9x6", float("nan"), "square=nan"),
        ("9x6", 5000, "3 to 1000"),
    ],
)
def test_boards_that_cannot_be(board, square, said, studio):
    with pytest.raises(InputError, match=said):
        calibrate(board, square, [studio / "intrinsics"])


def test_what_is_a_board():
    assert Board.parsed("9x6", 25) == Board.parsed(" 9 X 6 ", 25) == Board.parsed("9,6", 25) == Board(9, 6, 0.025)
    assert Board(8, 6, 0.025).ambiguous and not Board(9, 6, 0.025).ambiguous


def test_boards_that_look_the_same_turned_do_for_lenses_only(studio):
    with pytest.raises(InputError, match=r"board=7x7 looks the same when turned.*9x6"):
        calibrate("7x7", 40, [studio / "intrinsics"], [studio / "extrinsics"])


def test_inputs_that_do_not_fit(studio, tmp_path):
    inside, outside = sorted((studio / "intrinsics").glob("int*")), sorted((studio / "extrinsics").iterdir())
    for given, said in (
        ({}, "no lens is known"),
        ({"intrinsics": inside, "camera": "Calib.toml"}, "either intrinsics"),
        ({"camera": "Calib.toml"}, "nothing to do"),
        ({"intrinsics": inside, "extrinsics": outside[:1]}, r"2 cameras .* extrinsics=\.\.\. 1"),
        ({"intrinsics": inside, "extrinsics": outside[::-1]}, "same order"),
        ({"intrinsics": inside, "names": ["a"]}, "1 names for 2 cameras"),
        ({"intrinsics": inside, "names": ["a", "a"]}, "each its own"),
        ({"intrinsics": [tmp_path / "nothing.mp4"]}, "is not there"),
        ({"intrinsics": [outside[0]]}, "found in 1 of 1 pictures"),
        ({"intrinsics": [tmp_path]}, "holds no pictures"),
    ):
        with pytest.raises(InputError, match=said):
            calibrate("7x4", 40, **given)


def test_boards_that_are_not_seen(studio, tmp_path):
    with pytest.raises(InputError, match=r"board of 6x5 inner corners was not found in .*7 by 6 squares"):
        calibrate("6x5", 40, [studio / "intrinsics"])
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((480, 640), 120, np.uint8))
    with pytest.raises(InputError, match=r"lie on the floor, was not found in .*blank\.png"):
        calibrate("7x4", 40, [studio / "intrinsics" / "int_cam1_img"], [blank])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"no picture")
    (tmp_path / "broken" / "b.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"a\.png is not a picture"):
        calibrate("7x4", 40, [tmp_path / "broken"])


def test_pictures_of_other_sizes(studio, tmp_path):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    cv2.imwrite(str(mixed / "a.png"), rendered(LENSES[0], *POSES[0]))
    cv2.imwrite(str(mixed / "b.png"), rendered(LENSES[0], *POSES[1])[:400])
    with pytest.raises(InputError, match=r"b\.png has 640 x 400 pixels, others have 640 x 480"):
        calibrate("7x4", 40, [mixed])
    with pytest.raises(InputError, match=r"a\.png has 320 x 240 pixels, .*int_cam1_img has 640 x 480"):
        small = tmp_path / "a.png"
        cv2.imwrite(str(small), cv2.resize(rendered(LENSES[0], *over(EYES[0])), (320, 240)))
        calibrate("7x4", 40, [studio / "intrinsics" / "int_cam1_img"], [small])


def test_one_picture_again_and_again_is_one(tmp_path):
    for k in range(6):
        cv2.imwrite(str(tmp_path / f"{k}.png"), rendered(LENSES[0], *POSES[0]))
    with pytest.raises(InputError, match=r"at 1 different place of"):
        calibrate("7x4", 40, [tmp_path])


def test_names_without_what_they_are_for():
    from pathlib import Path

    called = {"int_cam01_img": "cam01", "cam01_ext.png": "cam01", "left board.mp4": "left", "board.mp4": "board"}
    assert {name: _stripped(Path(name)) for name in called} == called


def test_the_command(studio, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["calibrate", "--board", "7x4", "--square", "40", "--intrinsics", str(studio / "intrinsics"),
             "--extrinsics", *map(str, sorted((studio / "extrinsics").iterdir()))]  # fmt: skip
    assert cli.main(given) == 0
    out = capsys.readouterr().out
    assert "cam1: field of view" in out and "Calib.toml: give it to reconstruct with --camera" in out
    assert cli.main(given) == 2
    assert "Calib.toml is there already; replace it with --force" in capsys.readouterr().err
    with pytest.raises(OutputError):
        calibrate("7x4", 40, [studio / "intrinsics"], output=tmp_path / "Calib.toml")
    with pytest.raises(OutputError, match="is what the cameras are calibrated from"):
        own = tmp_path / "Calib.toml"
        calibrate("7x4", 40, (), [studio / "extrinsics"], camera=own, output=own, force=True)
    assert cli.main([*given[:5], "-o", "Other.toml"]) == 2
    assert "--intrinsics" in capsys.readouterr().err
