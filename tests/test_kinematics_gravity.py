"""Up from how a person stands and from the lines behind: one by one, and together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import people
import pytest
from clips import write_clip
from people import Seen
from test_verticals import angle, camera_up
from test_verticals import near as expected_near
from test_verticals import seen as ends_of

import motionrecon.data
from motionrecon.background.motion import STATIC
from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.files import load_camera
from motionrecon.cameras.lines import lines
from motionrecon.cameras.manhattan import Manhattan
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.pinhole import LEVEL
from motionrecon.cameras.up import Direction, Gravity, Verticals
from motionrecon.cameras.verticals import verticals
from motionrecon.core import so3
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.clock import Clock
from motionrecon.keypoints import Keypoints
from motionrecon.kinematics.fit import Fitted, fit
from motionrecon.kinematics.gravity import STANDING, _of_room, gravity, levelled, tilting
from motionrecon.kinematics.state import Trajectory
from motionrecon.observe.edges import behind
from motionrecon.source import Recording
from motionrecon.video import probe
from motionrecon.views import View

DEMO = Path(motionrecon.data.__file__).parent / "demo"

FPS = 30.0


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Somebody who steps before a camera that nobody calibrated, tilted by 8 and 6 degrees."""
    return people.see(people.person(), people.stepping(people.person(), 30, lift=0.5), people.camera(roll=0.1))


@pytest.fixture(scope="module")
def view(seen) -> View:
    """What was seen, by the camera as it is assumed to be."""
    assumed = replace(seen.camera, R_camera_world=LEVEL, t_camera_world=np.zeros(3), calibrated=False)
    return replace(seen.view, camera=assumed)


def with_lines(view: View, up: np.ndarray, count: int = 20) -> View:
    rays = ends_of(np.random.default_rng(3), up, count, 10)
    K = view.camera.K
    return replace(view, lines=rays * [K[0, 0], K[1, 1]] + K[:2, 2])


def tilted(seen: Seen) -> Trajectory:
    """The true motion in the world of the assumed camera."""
    turn = LEVEL.T @ seen.camera.axes[0]
    x = seen.true
    qpos = x.qpos.copy()
    qpos[:, PLACE] = qpos[:, PLACE] @ turn.T
    qpos[:, QUATERNION] = so3.multiply(so3.from_matrix(turn), qpos[:, QUATERNION])
    return replace(x, qpos=qpos)


def test_both_say_where_up_is_and_together_they_are_surer(seen, view):
    true = seen.camera.axes[0][:, 2]
    alone = gravity(tilted(seen), FPS)
    assert alone.lines is None and alone.up is alone.standing
    assert angle(LEVEL @ alone.up.up, true) < 8
    both = gravity(tilted(seen), FPS, [with_lines(view, true)])
    assert both.lines is not None and both.lines.count >= 15
    assert angle(LEVEL @ both.lines.up, true) < 2 and angle(LEVEL @ both.up.up, true) < 2
    assert np.trace(both.up.covariance) < np.trace(both.lines.covariance) < np.trace(both.standing.covariance)
    twice = gravity(tilted(seen), FPS, [with_lines(view, true)] * 2)
    assert np.trace(twice.lines.covariance) == pytest.approx(0.5 * np.trace(both.lines.covariance), rel=0.05)


def test_lines_tell_a_part_of_a_film_the_same_whose_camera_has_turned_before(seen, view):
    """They are of the first picture of the whole, and a part may begin where the person is seen first."""
    true, T = seen.camera.axes[0][:, 2], len(seen.true)
    turns = so3.matrix(np.linspace(0.0, 1.0, T)[:, None] * np.array([0.3, 0.2, 0.25]))
    turning = replace(with_lines(view, true), camera=PanTiltZoom(view.camera, turns, np.linspace(1.0, 1.5, T)))
    x = tilted(seen)
    parts = slice(0, T), slice(20, T)
    whole, part = (gravity(replace(x, qpos=x.qpos[some]), FPS, [turning.part(some)]).lines for some in parts)
    assert whole is not None and part is not None
    assert angle(whole.up, part.up) < 0.5 and angle(LEVEL @ part.up, true) < 2


def test_lines_of_something_else_are_left_out(seen, view):
    true = seen.camera.axes[0][:, 2]
    pitch, roll = np.arcsin(true[2]), np.arctan2(true[0], -true[1])
    far = camera_up(pitch, roll + 0.46)
    assert gravity(tilted(seen), FPS, [with_lines(view, far)]).lines is None


def test_who_tumbles_does_not_overrule_the_lines(seen, view):
    """Somebody who goes from lying to standing: what would be up for them on average is far from what is upright."""
    true = seen.camera.axes[0][:, 2]
    x, T = tilted(seen), len(seen.true)
    about = LEVEL.T @ seen.camera.axes[0] @ np.array([0.0, 1.0, 0.0])
    turned = so3.exp(np.linspace(1.8, 0.2, T)[:, None] * about)
    lying = replace(x, qpos=x.qpos.copy())
    lying.qpos[:, QUATERNION] = so3.multiply(turned, x.qpos[:, QUATERNION])
    alone, both = gravity(lying, FPS), gravity(lying, FPS, [with_lines(view, true)])
    assert angle(LEVEL @ alone.up.up, true) > 35
    assert both.lines is not None and angle(LEVEL @ both.up.up, true) < 2


@pytest.mark.parametrize(("first", "last", "lies"), [(1.8, 0.2, True), (0.9, -0.3, False)])
def test_who_lies_for_most_of_a_clip_is_taken_as_seen_by_a_level_camera_where_no_upright_lines_tell(
    seen, view, first, last, lies
):
    true, x = seen.camera.axes[0][:, 2], tilted(seen)
    about = LEVEL.T @ seen.camera.axes[0] @ np.array([0.0, 1.0, 0.0])
    turned = so3.exp(np.linspace(first, last, len(x))[:, None] * about)
    lying = replace(x, qpos=x.qpos.copy())
    lying.qpos[:, QUATERNION] = so3.multiply(turned, x.qpos[:, QUATERNION])
    found = gravity(lying, FPS, [view])
    if lies:
        along = LEVEL @ gravity(lying, FPS).up.up  # of boards, say, along which the person lies
        for one in (found, gravity(lying, FPS, [with_lines(view, along)])):
            assert one.up is one.level and angle(LEVEL @ one.up.up, true) < 12  # the camera is tilted by 10
        turn = np.diag([-1.0, -1.0, 1.0])
        assert angle(found.in_world(turn).level.up, turn @ found.up.up) < 0.01
    else:  # no farther from over the feet than cameras are tilted
        assert found.level is None and found.up is found.standing


def test_who_crawls_steadily_does_not_overrule_the_lines_of_a_room_before_a_level_camera(seen, view):
    """Who is on all fours leans far from up, and near no axis of the room; who stands, to one."""
    true, x = seen.camera.axes[0][:, 2], tilted(seen)
    level = seen.camera.axes[0] @ np.array([0.0, 1.0, 0.0])
    lines = with_lines(view, true).lines
    for lean, crawls in ((1.2, True), (0.0, False)):
        turned = so3.exp(lean * (LEVEL.T @ level))
        leaning = replace(x, qpos=x.qpos.copy())
        leaning.qpos[:, QUATERNION] = so3.multiply(turned, x.qpos[:, QUATERNION])
        found = gravity(leaning, FPS, [replace(view, lines=lines)])
        assert (angle(LEVEL @ found.standing.up, true) > 45) == crawls
        assert found.lines is not None and angle(LEVEL @ found.up.up, true) < 2


def squatting(seen: Seen, lean: float) -> Trajectory:
    """Somebody who holds a squat with shanks that lean forwards, radians, and ankles that do not show it.

    In a world that is turned by as much, they would sit.
    """
    x = tilted(seen)
    body = x.body
    still = np.tile(x.qpos[:1], (len(x), 1))
    for side in ("left", "right"):
        for joint, bend in (("hip", 1.7), ("knee", 1.6), ("ankle", 0.0)):
            still[:, body.model.joint(f"{side}_{joint}_flexion").qposadr[0]] = bend
    left = LEVEL.T @ seen.camera.axes[0] @ np.array([0.0, 1.0, 0.0])
    still[:, QUATERNION] = so3.multiply(so3.exp(np.tile(lean * left, (len(x), 1))), still[:, QUATERNION])
    return replace(x, qpos=still)


def test_who_squats_all_the_time_may_sit_so_lines_are_asked_and_else_whether_cameras_are_held_so(seen, view):
    true, x = seen.camera.axes[0][:, 2], squatting(seen, 0.5)
    alone, found = gravity(x, FPS), gravity(x, FPS, [with_lines(view, true)])
    assert angle(LEVEL @ alone.up.up, true) > 20
    assert found.lines is not None and angle(LEVEL @ found.up.up, true) < 2
    without = gravity(x, FPS, [view])
    assert without.level is not None and without.lines is None
    assert angle(LEVEL @ without.up.up, true) < 15  # the camera is tilted by 10
    assert np.trace(without.up.covariance) > 2 * np.trace(gravity(tilted(seen), FPS, [view]).up.covariance)


def test_of_a_rooms_lines_and_its_vertical_ones_the_surer_count_or_the_likelier_where_they_disagree():
    one, other = camera_up(-0.3, 0.0), camera_up(-0.3, 0.2)
    unsure, sure = Direction.about(one, 0.02), Direction.about(one, 0.01)
    room = Manhattan(one, 0.015, 0.0, 0.0, 40)
    assert _of_room(room, None, sure).count == 40
    assert _of_room(room, Verticals(one, unsure.covariance, 9), sure).count == 40
    assert _of_room(room, Verticals(one, sure.covariance, 9), sure).count == 9
    apart = Verticals(other, Direction.about(other, 0.01).covariance, 9)
    assert _of_room(room, apart, Direction.about(one, 0.1)).count == 40
    assert _of_room(room, apart, Direction.about(other, 0.1)).count == 9


def test_the_world_is_levelled_and_tilts_as_far_as_up_is_unsure(seen, view):
    x = tilted(seen)
    found = gravity(x, FPS, [with_lines(view, seen.camera.axes[0][:, 2])])
    y = levelled(x, found)
    np.testing.assert_allclose(found.in_world(y.turn).up.up, [0, 0, 1], atol=1e-9)
    whitening = tilting(y, found, 0.5)
    small, large = np.sort(1.0 / np.linalg.svd(whitening)[1])
    assert (small, large) == pytest.approx(tuple(0.5 * np.sqrt(np.linalg.eigvalsh(found.up.covariance)[1:])), rel=1e-6)
    alone = gravity(x, FPS)
    even = tilting(levelled(x, alone), alone, 1.0)
    np.testing.assert_allclose(even @ even.T, np.eye(2) / STANDING**2, atol=1e-9)


def test_the_fit_believes_lines_and_hands_on_what_was_said(seen, view):
    true = seen.camera.axes[0][:, 2]
    figure = fit((with_lines(view, true),), seen.body, seen.body.ground)
    assert angle(figure.views[0].camera.axes[0][:, 2], true) < 2
    assert isinstance(figure.gravity, Gravity) and figure.gravity.lines is not None
    assert angle(figure.gravity.up.up, np.array([0.0, 0.0, 1.0])) < 2
    fitted = Fitted(figure.qpos, figure.body.shape, np.eye(3), np.zeros(3), figure.gravity)
    again = unpack(Fitted, pack(fitted))
    assert again.gravity is not None and again.gravity.lines.count == figure.gravity.lines.count


def of_nobody(count: int, fps: float, size: tuple[int, int]) -> Keypoints:
    """Keypoints of a film in which nobody is seen."""
    nobody = np.full((count, 33, 2), np.nan)
    sure = np.zeros(nobody.shape[:2])
    return Keypoints(nobody, sure, np.zeros((*nobody.shape[:2], 3)), np.zeros(count, bool), fps, size)


def test_lines_of_a_film_are_those_of_its_room(tmp_path):
    """The demo's room: pictures on a wall are upright, boards of the floor are not; its camera is known."""
    film = probe(DEMO / "demo.mp4")
    truth = load_camera(DEMO / "camera.toml", None, film.image_size)
    lens = replace(truth, R_camera_world=LEVEL, t_camera_world=np.zeros(3), calibrated=False)
    keypoints = of_nobody(film.frame_count, film.fps, film.image_size)
    recording = Recording("", film, None, lens, Clock(film.fps), None, None, "largest", film.path)
    found = behind(recording, keypoints, lens, STATIC)
    true = truth.axes[0][:, 2]
    focal = truth.K[0, 0] * 960 / max(film.image_size)
    said = verticals(truth.rays(found), focal, expected_near(true, 0.08, np.random.default_rng(0)))
    assert said is not None and angle(said.up, true) < 2
    assert behind(replace(recording, video=None), keypoints, lens, STATIC).shape == (0, 2, 2)


@pytest.mark.parametrize("fps", [1.0, 2.0, 8.0])
def test_lines_are_looked_for_when_given_keypoints_say_whatever_their_rate(tmp_path, fps):
    """A film of 12 s at 2 fps whose room is lit from 6 s on, beside keypoints of other rates: looks at 0, 4 and 8 s."""
    dark, lit = np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160, 3), np.uint8)
    lit[20:100, 40:120] = 255
    film = probe(write_clip(tmp_path / "film.mp4", [dark] * 12 + [lit] * 12, 2.0))
    camera = default_camera(film.image_size)
    keypoints = of_nobody(round(12 * fps), fps, film.image_size)
    recording = Recording("", film, keypoints, camera, Clock(fps), None, None, "largest", film.path)
    assert len(behind(recording, keypoints, camera, STATIC)) == len(lines(lit, [])) == 4
    longer = of_nobody(round(5.5 * fps), fps, film.image_size)  # its last pictures are those of no film
    assert len(behind(replace(recording, start=11.0), longer, camera, STATIC)) == 4
