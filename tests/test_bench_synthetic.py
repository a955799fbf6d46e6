"""The recipe of the synthetic clips: who does what, seen from where; on a person made of boxes."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from mannequins import of_boxes

from motionrecon.core.vectors import unit
from motionrecon.data.make_poses import FOLDER
from motionrecon.data.mannequin import INDEX, SEGMENTS
from motionrecon.data.suites import chosen_suites
from motionrecon.data.suites.synthetic.acted import FPS
from motionrecon.data.suites.synthetic.authored import Carry, SitDown, Squat
from motionrecon.data.suites.synthetic.catalogue import ACTIONS, clips
from motionrecon.data.suites.synthetic.making import mannequin_angles
from motionrecon.data.suites.synthetic.recorded import Recorded
from motionrecon.data.suites.synthetic.viewpoints import VIEWPOINTS
from motionrecon.errors import InputError
from motionrecon.research.bench.reconstruct.suite import Split


def recordings(split: Split) -> set[tuple[str, str]]:
    acts = [action.act.walk if isinstance(action.act, Carry) else action.act for action in ACTIONS[split].values()]
    return {(act.set, act.name) for act in acts if isinstance(act, Recorded)}


def test_the_splits_share_neither_people_nor_recordings_nor_anything_trained_on():
    people = defaultdict(set)
    for clip in clips():
        people[clip.split].add(clip.person)
    assert not people[Split.TEST] & people[Split.TUNING]
    assert not recordings(Split.TEST) & recordings(Split.TUNING)
    assert {name for name, _ in recordings(Split.TEST)} <= {"deepmimic", "test_actions", "test_clips"}
    for name, recording in recordings(Split.TEST) | recordings(Split.TUNING):
        with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as saved:
            assert recording in saved["names"]


def test_every_action_is_seen_from_five_places_by_at_least_sixty_clips():
    seen = defaultdict(set)
    test = [clip for clip in clips() if clip.split is Split.TEST]
    for clip in test:
        seen[clip.action].add(clip.camera)
    assert len(test) >= 60 and all(len(places) == 5 for places in seen.values())
    assert {clip.camera for clip in test} == set(VIEWPOINTS)
    assert len({clip.name for clip in clips()}) == len(clips())


@pytest.mark.parametrize("name", VIEWPOINTS)
def test_a_camera_has_all_of_a_person_in_its_picture(name):
    points = np.random.default_rng(0).uniform((-1, -0.4, 0), (1.5, 0.4, 1.8), (20, 30, 3))
    camera = VIEWPOINTS[name].camera(points, heading=0.7)
    assert (np.abs(camera.project(points) / camera.image_size - 0.5) < 0.5).all()
    down = camera.to_camera(np.array([[0.0, 0, 0], [0, 0, -1]]))
    level = np.degrees(np.arctan2(*np.diff(down, axis=0)[0, :2]))
    assert abs(level) == pytest.approx(14, abs=2) if name == "rolled" else abs(level) < 1e-6


def test_angles_of_a_mannequin_are_named_as_the_motions():
    turned = np.tile(np.eye(3), (2, len(SEGMENTS), 1, 1))
    names, zero = mannequin_angles(turned)
    assert np.abs(zero).max() < 1e-9 or names[int(np.abs(zero).max(0).argmax())].endswith(("plane", "rotation"))
    c, s = np.cos(0.8), np.sin(0.8)
    forwards = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])  # what hangs down is moved forwards
    for side in ("left", "right"):
        turned[:, INDEX[f"{side}_forearm"]] = forwards
        turned[:, INDEX[f"{side}_thigh"]] = forwards
    names, values = mannequin_angles(turned)
    for side in ("left", "right"):
        for name in ("elbow_flexion", "hip_flexion", "knee_flexion"):
            assert values[0, names.index(f"{side}_{name}")] == pytest.approx(0.8), name
        assert values[0, names.index(f"{side}_ankle_dorsiflexion")] == pytest.approx(0)


def test_who_squats_keeps_their_feet_on_the_floor_and_their_mass_over_them():
    person = of_boxes()
    acted = Squat(0.4, 0.6, 1.0, 0.7).by(person)
    positions = person.forward(acted.root, acted.rotations)
    ankles = positions[:, [INDEX["left_foot"], INDEX["right_foot"]]]
    assert np.ptp(ankles, axis=0).max() < 1e-6 and ankles[0, 0, 2] == pytest.approx(0.09)
    _, angles = mannequin_angles(acted.rotations)
    assert np.ptp(acted.root[:, 2]) == pytest.approx(0.4 * 0.86, rel=0.02) and np.isfinite(angles).all()


def test_who_sits_down_has_a_seat_under_them_and_who_stands_up_leaves_it():
    person = of_boxes()
    down = SitDown(0.7, 0.8, 1.0, 0.5).by(person)
    up = SitDown(0.7, 0.8, 1.0, 0.5, backwards=True).by(person)
    seat = down.props[0]
    top = seat.positions[0, 2] + seat.half[2]
    assert top == pytest.approx(down.root[-1, 2] - 0.1, abs=0.1) and down.root[0, 2] > down.root[-1, 2] + 0.2
    assert np.allclose(up.root, down.root[::-1])


def test_a_recording_is_done_on_the_floor_and_a_box_is_held_by_the_hands():
    person = of_boxes()
    walk = Recorded("test_clips", "test/walking/walking_1", 0.3, 1.0)
    acted = Carry(walk, 0.25, 1.25).by(person)
    positions = person.forward(acted.root, acted.rotations)
    lowest = [person.skin(p, r)[:, 2].min() for p, r in zip(positions, acted.rotations, strict=True)]
    assert abs(np.median(lowest)) < 0.02 and len(acted.root) == 31
    hands = positions[:, [INDEX["left_hand"], INDEX["right_hand"]]].mean(1)
    assert np.linalg.norm(acted.props[0].positions - hands, axis=1).max() < 0.15


@pytest.mark.parametrize("split", list(Split))
def test_nobody_recorded_moves_as_nobody_can(split):
    """Conversions of recordings have jumps, in which a person turns half way round from one picture to the next, and
    arms that are turned half way round from end to end."""
    man = of_boxes()
    for name, action in ACTIONS[split].items():
        act = action.act.walk if isinstance(action.act, Carry) else action.act
        if isinstance(act, Recorded):
            done = act.by(man)
            joints = man.forward(done.root, done.rotations)
            speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * FPS
            assert speed.max() < 14.0, f"{name}: {speed.max():.0f} m/s"  # a boxer's hand is nearly as quick
            for side in ("left", "right"):
                shoulder, elbow, hand = (
                    joints[:, INDEX[f"{side}_{part}"]] for part in ("upper_arm", "forearm", "hand")
                )
                upper, fore = (unit(one) for one in (elbow - shoulder, hand - elbow))
                bent = np.einsum("ti,ti->t", upper, fore) < 0.7
                backwards = np.einsum("ti,ti->t", fore, done.rotations[:, INDEX["torso"], :, 0]) < -0.3
                assert np.mean(bent & backwards) < 0.2, f"{name}: the {side} elbow is bent the wrong way"


def test_suites_are_chosen_by_name():
    assert [suite.name for suite in chosen_suites(["synthetic"], ())] == ["synthetic"]
    with pytest.raises(InputError, match="choose from"):
        chosen_suites(["real"], ())
    with pytest.raises(InputError, match="SUITE=FOLDER"):
        chosen_suites((), ["folder"])


def test_trunks_are_straight_on_pelvises_in_the_median_whatever_a_conversion_says():
    acted = Recorded("test_clips", "test/walking/walking_1", 0.3, 1.0, walks=True).by(of_boxes())
    names, angles = mannequin_angles(acted.rotations)
    trunk, hip = (angles[:, names.index(name)] for name in ("trunk_flexion", "left_hip_flexion"))
    assert abs(np.degrees(np.median(trunk))) < 2 and np.degrees(hip).min() < 0 < 25 < np.degrees(hip).max()
