"""Who is who in several views: numbers, starts of clocks, doubts, and where to look for whom a view does not show."""

import inspect
import json
from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from clips import write_clip
from people import SIZE, camera, person, see, stepping
from scipy.spatial.transform import Rotation

from motionrecon.core.landmarks import INDEX
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError
from motionrecon.keypoints.picture_part import cropped
from motionrecon.options import Options
from motionrecon.pipeline import reconstruct
from motionrecon.rig.following import _guided, company, followed
from motionrecon.rig.listing import list_everybody
from motionrecon.rig.people import Sighting, by_meeting, by_turning, in_doubt, numbered, whereabouts
from motionrecon.run import Run
from motionrecon.source import look

PLACES = [(4.2, -3.4, 1.3), (-3.9, -3.6, 1.5), (0.4, 5.1, 1.2), (4.5, 3.5, 1.8)]
CAMERAS = [camera(place) for place in PLACES]
FPS, SECONDS = 4.0, 6


@cache
def _motions(count):
    """Where the marks of several people are: they step at paces of their own and turn as they like."""
    body = person()
    frames = int(FPS * SECONDS)
    found = []
    for k in range(count):
        qpos = stepping(body, frames, FPS, lift=0.3 + 0.4 * k, period=1.3 + 0.6 * k)
        turn = Rotation.from_euler("z", (0.7 * k + np.linspace(0, 1.0 + k, frames))[:, None])
        qpos[:, 3:7] = (turn * Rotation.from_quat(qpos[:, 3:7], scalar_first=True)).as_quat(scalar_first=True)
        qpos[:, :3] = turn.apply(qpos[:, :3])
        qpos[:, 0] += (-0.45, 0.45, 0.9)[k]
        qpos[:, 1] += (0.0, 0.4, -1.1)[k] + 0.05 * np.arange(frames)
        found.append(qpos)
    return body, tuple(found)


def _sighting(view, who, frames=slice(None), count=2, late=0.0, noise=3.0):
    body, motions = _motions(count)
    seen = see(body, motions[who], CAMERAS[view], FPS, noise=noise).view.part(frames)
    return Sighting(np.arange(len(motions[who]))[frames] / FPS - late, seen.pixels, seen.weight, seen.points_3d)


@pytest.mark.parametrize("order", list(permutations(range(2))))
@pytest.mark.parametrize("views", [2, 3, 4])
@pytest.mark.parametrize("posed", [True, False])
def test_everybody_has_one_number_in_all_views(order, views, posed):
    people = [[_sighting(v, who) for who in (order if v % 2 else range(2))] for v in range(views)]
    rows, started = numbered(people, by_meeting(CAMERAS) if posed else by_turning, [0.0] * views)
    assert rows.tolist() == [[order.index(who) if v % 2 else who for v in range(views)] for who in range(2)]
    assert started == (0.0,) * views


def test_whom_a_view_does_not_show_has_no_place_in_it():
    people = [
        [_sighting(0, 1, count=3), _sighting(0, 0, count=3)],
        [_sighting(1, 2, count=3), _sighting(1, 1, count=3)],
        [_sighting(2, 0, count=3), _sighting(2, 2, count=3)],
    ]
    rows, _ = numbered(people, by_meeting(CAMERAS), [0.0] * 3)
    assert rows.tolist() == [[0, 1, -1], [1, -1, 0], [-1, 0, 1]]


def test_they_may_be_seen_at_other_times_and_only_for_a_while():
    people = [
        [_sighting(0, 0, slice(0, 12)), _sighting(0, 1, slice(4, 24, 2))],
        [_sighting(1, 1, slice(5, 20)), _sighting(1, 0, slice(9, 24))],
    ]
    rows, _ = numbered(people, by_meeting(CAMERAS), [0.0] * 2)
    assert rows.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("late", [-1.4, 0.0, 2.0])
def test_clocks_that_start_apart_are_found_as_far_as_it_matters(late):
    people = [[_sighting(0, 0), _sighting(0, 1)], [_sighting(1, 1, late=late), _sighting(1, 0, late=late)]]
    rows, started = numbered(people, by_meeting(CAMERAS), [0.0, None])
    assert rows.tolist() == [[0, 1], [1, 0]]
    assert abs(started[1] - late) <= 0.4
    assert numbered(people, by_meeting(CAMERAS), [0.0, late])[0].tolist() == [[0, 1], [1, 0]]


def test_unposed_cameras_doubt_who_is_who_where_both_do_the_same():
    one, other = _sighting(0, 0), _sighting(1, 0)
    twin = replace(other, pixels=other.pixels + 100.0)
    people = [[one], [other, twin]]
    rows, started = numbered(people, by_turning, [0.0, 0.0])
    assert in_doubt(people, by_turning, rows, started, 0) == [1]
    people = [[one, _sighting(0, 1)], [other, _sighting(1, 1)]]
    rows, started = numbered(people, by_turning, [0.0, 0.0])
    assert rows.tolist() == [[0, 0], [1, 1]]
    assert in_doubt(people, by_turning, rows, started, 0) == []


def test_nobody_anywhere_is_no_person():
    assert numbered([[], []], by_meeting(CAMERAS), [0.0, None])[0].shape == (0, 2)
    assert numbered([[], [_sighting(1, 0)]], by_meeting(CAMERAS), [0.0, None])[0].tolist() == [[-1, 0]]


def test_somebody_is_looked_for_where_the_others_see_them():
    seen = [_sighting(0, 1, noise=0.0), _sighting(1, 1, noise=0.0), None]
    time = np.arange(0, SECONDS - 0.25, 1 / 30)
    boxes = whereabouts(CAMERAS[:3], seen, [0.0] * 3, 2, time)
    side = boxes[:, 2] - boxes[:, 0]
    assert np.allclose(side, side[0]) and np.allclose(boxes[:, 3] - boxes[:, 1], side[0])
    there = _sighting(2, 1, noise=0.0).at(time).pixels
    assert (there > boxes[:, None, :2]).all() and (there < boxes[:, None, 2:]).all()
    assert side[0] < 2.0 * np.ptp(there, axis=1).max()
    assert whereabouts(CAMERAS[:3], [seen[0], None, None], [0.0] * 3, 2, time) is None


def test_a_part_of_a_picture_may_reach_beyond_it():
    picture = np.arange(1, 61, dtype=np.uint8).reshape(4, 5, 3)
    inside = cropped(picture, np.array([1.0, 1.0]), 2)
    assert np.array_equal(inside, picture[1:3, 1:3])
    beyond = cropped(picture, np.array([-2.0, 2.0]), 4)
    assert np.array_equal(beyond[:2, 2:], picture[2:, :2])
    assert not beyond[2:].any() and not beyond[:, :2].any()
    assert not cropped(picture, np.array([9.0, -9.0]), 3).any()


# --- what other tools saw, from files ---------------------------------------------------------------------------------


def _write(folder, view, order):
    """The JSON files of a clip in which several people were seen, in the order in which the tool lists them."""
    folder.mkdir()
    body, motions = _motions(2)
    rows = [INDEX[f"{side}_{joint}"] for joint in _COCO for side in ("left", "right")]
    views = [see(body, motions[who], CAMERAS[view], FPS).view.pixels for who in order]
    for t in range(len(views[0])):
        people = [np.c_[pixels[t][[INDEX["nose"], *rows]], np.full(17, 0.9)].ravel().tolist() for pixels in views]
        document = {"people": [{"pose_keypoints_2d": values} for values in people]}
        (folder / f"clip_{t:06d}.json").write_text(json.dumps(document))


_COCO = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def _rig(path):
    lines = []
    for k, one in enumerate(CAMERAS):
        vector = Rotation.from_matrix(one.R_camera_world).as_rotvec().tolist()
        lines.append(
            f"[cam{k}]\nname = 'cam{k}'\nsize = {list(SIZE)}\nmatrix = {one.K.tolist()}\n"
            f"rotation = {vector}\ntranslation = {one.t_camera_world.tolist()}\n"
        )
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    for view, order in enumerate([(0, 1), (1, 0), (0, 1)]):
        _write(folder / f"cam{view}", view, order)
    return {
        "keypoints": [folder / f"cam{view}" for view in range(3)],
        "camera": _rig(folder / "rig.toml"),
        "filmed_fps": FPS,
        "offset": [0.0, 0.0],
    }


def _defaults():
    return {name: p.default for name, p in inspect.signature(reconstruct).parameters.items()}


def _options(**given):
    return Options.of(_defaults() | given)


@pytest.mark.parametrize("number", [1, 2])
def test_one_number_is_the_same_person_in_all_files(given, number):
    options = _options(**given, person=str(number))
    source = followed(Run(), look(Run(), None, options), options, [None] * 3)
    body, motions = _motions(2)
    who = _first(given)[number - 1]
    for view, recording in enumerate(source.recordings):
        expected = see(body, motions[who], CAMERAS[view], FPS).view.pixels
        assert np.nanmax(np.abs(recording.keypoints.pixels - expected)) < 1e-6


def test_slow_motion_shows_people_at_the_same_moments(given, tmp_path):
    frames = [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * int(FPS * SECONDS)
    rates = (FPS / 2, FPS, FPS / 4)
    videos = [write_clip(tmp_path / f"cam{view}.mp4", frames, rate) for view, rate in enumerate(rates)]
    options = _options(**given | {"video": videos, "filmed_fps": [FPS] * 3, "offset": [0.5, 1.0]})
    source = look(Run(), videos, options)
    whom = company(source, options, [None] * 3, Silent())
    assert whom.started == pytest.approx((0.0, 0.25, 0.5))
    assert [one.time[-1] for (one, *_) in whom.sightings] == pytest.approx([SECONDS - 1 / FPS] * 3)
    options = _options(**given | {"video": videos, "filmed_fps": [FPS] * 3})
    source = look(Run(), videos, options)
    whom = company(source, options, [None] * 3, Silent())
    boxes = _guided(source, replace(whom, rows=np.array([[*whom.rows[0, :2], -1]])), 0, 2).boxes
    there = see(_motions(2)[0], _motions(2)[1][_first(given)[0]], CAMERAS[2], FPS).view.pixels
    middle = 0.5 * (boxes[:, :2] + boxes[:, 2:])
    assert np.abs(middle - 0.5 * (there.min(1) + there.max(1))).max() < 15


def test_other_tools_keypoints_without_videos_have_each_their_rate(given):
    options = _options(**given | {"filmed_fps": [FPS, 2 * FPS, FPS]})
    source = look(Run(), None, options)
    assert [one.clock.fps for one in source.recordings] == [FPS, 2 * FPS, FPS]
    whom = company(source, options, [None] * 3, Silent())
    assert whom.sightings[1][0].time[-1] == pytest.approx(whom.sightings[0][0].time[-1] / 2)


def test_a_number_that_nobody_has_is_refused_with_those_that_there_are(given):
    options = _options(**given, person="3")
    with pytest.raises(InputError, match=r"person=3: nobody of that number; the cameras show 1: in cam0 seen for"):
        followed(Run(), look(Run(), None, options), options, [None] * 3)


def test_everybody_is_drawn_into_each_video_with_one_number(given, tmp_path):
    import cv2

    frames = [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * int(FPS * SECONDS)
    videos = [write_clip(tmp_path / f"cam{view}.mp4", frames, FPS) for view in range(2)]
    everything = _defaults() | given | {"keypoints": given["keypoints"][:2], "offset": [0.0], "filmed_fps": None}
    lines, pictures = list_everybody(everything | {"video": videos}, tmp_path, Silent())
    assert [line.split(" seen")[0] for line in lines] == ["1: in cam0", "1: in cam1", "2: in cam0", "2: in cam1"]
    assert pictures == [tmp_path / "cam0_people.png", tmp_path / "cam1_people.png"]
    for view, picture in enumerate(pictures):
        image = cv2.imread(str(picture))[: SIZE[1], :, ::-1].astype(int)
        orange, blue = (np.argwhere(np.abs(image - c).sum(-1) < 10)[:, 1] for c in ((230, 159, 0), (86, 180, 233)))
        boxes = [
            see(_motions(2)[0], _motions(2)[1][who], CAMERAS[view], FPS).view.pixels[0, :, 0] for who in _first(given)
        ]
        for drawn, pixels in zip((orange, blue), boxes, strict=True):
            assert abs(drawn.min() - pixels.min()) < 30


def _first(given):
    """Who is person 1 and who is person 2: the leader's own order, the largest first."""
    options = _options(**given)
    whom = company(look(Run(), None, options), options, [None] * 3, Silent())
    first = [track.detections[0].pixels for track in whom.tracks[0]]
    true = [see(_motions(2)[0], _motions(2)[1][who], CAMERAS[0], FPS).view.pixels[0] for who in range(2)]
    return [int(np.argmin([np.nanmean(np.abs(one - pixels)) for pixels in true])) for one in first]


def test_without_videos_there_is_nothing_to_draw_into_and_nobody_is_looked_for(given, tmp_path, monkeypatch):
    monkeypatch.setattr("motionrecon.rig.listing.company", lambda *_: pytest.fail("looked for people"))
    with pytest.raises(InputError, match="cam0 is not a video, into whose pictures people could be drawn"):
        list_everybody(_defaults() | given, tmp_path, Silent())
