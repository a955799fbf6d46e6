"""The suites of force plates and of the balancing man, on files that are made up."""

from __future__ import annotations

import hashlib

import motions
import numpy as np
import pytest

from motionrecon.core.landmarks import INDEX
from motionrecon.data.suites.alone import alone
from motionrecon.data.suites.balancing import films
from motionrecon.data.suites.balancing.suite import Balancing, references
from motionrecon.data.suites.plates import trials
from motionrecon.data.suites.plates.filming import PLACES, filmed
from motionrecon.data.suites.plates.markers import SETS, moved
from motionrecon.data.suites.plates.opensim import read_forces, read_markers
from motionrecon.data.suites.plates.own import OwnTrial
from motionrecon.data.suites.plates.suite import Plates
from motionrecon.data.suites.plates.trials import TRIALS
from motionrecon.errors import InputError
from motionrecon.keypoints.file import keypoints_of, save
from motionrecon.research.bench.reconstruct.suite import Split

FPS = 100.0
COLUMNS = (("lx", "ly", "lz"), ("rx", "ry", "rz"))


def trc(path, markers, fps=FPS, unit="mm"):
    """Write markers (T, 3), metres in OpenSim's axes, as a .trc file."""
    count = len(next(iter(markers.values())))
    head = [
        "PathFileType\t4\t(X/Y/Z)\tx.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits",
        f"{fps}\t{fps}\t{count}\t{len(markers)}\t{unit}",
        "Frame#\tTime\t" + "\t\t\t".join(markers),
        "\t\t" + "\t".join(f"X{k}\tY{k}\tZ{k}" for k in range(len(markers))),
    ]
    scale = 1000 if unit == "mm" else 1
    rows = [
        "\t".join([str(t + 1), f"{t / fps:.4f}", *(f"{scale * x:.5f}" for place in markers.values() for x in place[t])])
        for t in range(count)
    ]
    path.write_text("\n".join([*head, *rows]) + "\n")


def mot(path, force, fps=FPS):
    """Write the forces (N, 2, 3), OpenSim's axes, as a .mot file."""
    names = [name for three in COLUMNS for name in three]
    rows = ["\t".join([f"{t / fps:.4f}", *(f"{x:.5f}" for x in row.ravel())]) for t, row in enumerate(force)]
    head = ["forces", "version=1", f"nRows={len(force)}", "nColumns=7", "inDegrees=yes", "endheader"]
    path.write_text("\n".join([*head, "time\t" + "\t".join(names), *rows]) + "\n")


def test_markers_come_upright_and_in_metres(tmp_path):
    place = np.array([[1.0, 2.0, 3.0]] * 4)
    trc(tmp_path / "a.trc", {"M": place, "N": place + 1})
    found = read_markers(tmp_path / "a.trc")
    assert np.allclose(found.at["M"][0], [1.0, -3.0, 2.0]) and np.allclose(np.diff(found.time), 1 / FPS)
    (tmp_path / "b.trc").write_text("hello\n")
    with pytest.raises(InputError, match=r"no \.trc file"):
        read_markers(tmp_path / "b.trc")


def test_forces_are_means_about_the_frames_and_unknown_outside(tmp_path):
    force = np.zeros((200, 2, 3))
    force[:, 0, 1], force[100:, 1, 1] = 500.0, 300.0
    mot(tmp_path / "f.mot", force)
    found = read_forces(tmp_path / "f.mot", COLUMNS).means(np.array([-1.0, 0.5, 1.0, 1.5]), 0.04)
    assert np.isnan(found[0]).all() and found[1, 0, 2] == pytest.approx(500) and found[3, 1, 2] == pytest.approx(300)
    assert 0 < found[2, 1, 2] < 300
    with pytest.raises(InputError, match="has no column zz"):
        read_forces(tmp_path / "f.mot", (("zz",),))


def test_a_person_is_found_in_markers_wherever_they_turn(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    trial = TRIALS["run"]
    names = SETS["run"]
    every = {*names.pelvis}
    for limbs in (names.left, names.right):
        every |= {*limbs.thigh, *limbs.shank, *limbs.foot, *limbs.forearm, *limbs.wrist, limbs.acromion}
    joints = {
        one for limbs in (names.left, names.right) for one in (*limbs.hip, *limbs.knee, *limbs.ankle, *limbs.elbow)
    }
    rest = {name: rng.uniform(0.2, 1.5, 3) for name in sorted(every | joints)}
    trc(tmp_path / trial.static, {name: np.tile(place, (3, 1)) for name, place in rest.items()})
    angle = np.linspace(0, 1, 40)
    turn = np.stack([np.cos(angle), 0 * angle, np.sin(angle), 0 * angle, 1 + 0 * angle, 0 * angle], 1)
    turn = np.concatenate([turn, np.stack([-np.sin(angle), 0 * angle, np.cos(angle)], 1)], 1).reshape(-1, 3, 3)
    trc(tmp_path / trial.markers, {name: turn @ rest[name] for name in sorted(every)})
    force = np.zeros((40, 2, 3))
    force[:, :, 1] = trial.mass * 9.81
    names_of = [name for three in trial.columns for name in three]
    mot(tmp_path / trial.forces, force)
    text = (tmp_path / trial.forces).read_text()
    for ours, theirs in zip([name for three in COLUMNS for name in three], names_of, strict=True):
        text = text.replace(f"\t{ours}", f"\t{theirs}", 1)
    (tmp_path / trial.forces).write_text(text)
    person = moved(trial, tmp_path, read_forces(tmp_path / trial.forces, trial.columns))
    knee = person.joints[:, INDEX["left_knee"]]
    true = turn @ rest[names.left.knee[0]]
    belt = knee[:, 0] - true[:, 0]
    assert np.allclose(knee[:, 2], true[:, 1], atol=1e-4) and np.allclose(knee[:, 1], -true[:, 2], atol=1e-4)
    assert np.allclose(np.diff(belt), np.diff(belt)[0], atol=1e-4)  # only the treadmill's steady travel is added
    assert person.measured.sum() == 16 and np.isfinite(person.joints).all()


@pytest.mark.parametrize("place", PLACES)
def test_a_camera_films_a_trial_with_errors_that_return(place):
    from dataclasses import replace

    from motionrecon.data.suites.plates.markers import Moved
    from motionrecon.data.suites.plates.opensim import PlateForces

    motion = motions.walking(60)
    time = np.arange(60) / 30
    person = Moved(time, motion.joints, motion.joints, np.ones(33, bool))
    forces = PlateForces(time, np.full((60, 2, 3), 100.0))
    trial = replace(TRIALS["walk01"], span=(0.0, 1.5))
    truth, seen = filmed(trial, person, forces, place, 0)
    assert np.array_equal(seen.pixels, filmed(trial, person, forces, place, 0)[1].pixels)
    away = np.linalg.norm(seen.pixels - truth.camera.project(truth.joints), axis=-1)
    assert 3 < away.mean() < 9 and np.isnan(truth.force[0]).all() and np.isfinite(truth.force[10]).all()


def test_what_is_fetched_is_what_the_recipe_was_written_for(tmp_path, monkeypatch):
    (tmp_path / TRIALS["walk11"].markers).write_text("another file")
    with pytest.raises(InputError, match="delete it"):
        trials.fetched(TRIALS["walk11"], tmp_path)
    for name in films.FILES:
        (tmp_path / name).write_text("another film")
    with pytest.raises(InputError, match="expected cf4f"):
        films.fetched(tmp_path)
    digest = hashlib.sha256(b"another film").hexdigest()
    monkeypatch.setattr(films, "FILES", dict.fromkeys(films.FILES, ("videos", digest)))
    films.fetched(tmp_path)


def test_a_trial_of_the_users_own_is_a_folder(tmp_path):
    motion = motions.walking(30)
    folder = tmp_path / "mine"
    folder.mkdir()
    save(
        keypoints_of(motion.camera.project(motion.joints), np.ones((30, 33)), motion.joints, 30.0, (320, 240)),
        folder / "seen.npz",
    )
    force = np.zeros((200, 2, 3))
    force[:, 0, 1] = 700.0
    mot(folder / "f.mot", force)
    told = 'keypoints = "seen.npz"\nforces = "f.mot"\nleft = ["lx", "ly", "lz"]\nright = ["rx", "ry", "rz"]\n'
    (folder / "trial.toml").write_text(told + "height = 1.7\nmass = 70\nstarts = 0.5\n")
    suite = Plates(tmp_path)
    clip = next(clip for clip in suite.clips() if clip.name == "mine")
    assert clip.split is Split.TEST and clip.camera == "own"
    prepared = suite.prepare(clip, "full")
    assert prepared.truth.force[0, 0, 2] == pytest.approx(700) and np.isnan(prepared.truth.joints).all()
    assert prepared.given == {"height": 1.7, "mass": 70.0}
    (folder / "trial.toml").write_text(told + "height = 1.7\nweight = 70\n")
    with pytest.raises(InputError, match="weight = 70 is not known"):
        OwnTrial.read(folder)
    (folder / "trial.toml").write_text(told + "height = 1.7\n")
    with pytest.raises(InputError, match="give mass"):
        OwnTrial.read(folder)
    for columns in ('["l_vy"]', "[1, 2, 3]"):
        (folder / "trial.toml").write_text(f"left = {columns}\n")
        with pytest.raises(InputError, match="three columns"):
            OwnTrial.read(folder)


def test_the_plates_clips_are_the_trials_from_each_place(tmp_path):
    found = Plates(tmp_path).clips()
    assert len(found) == 18 and {clip.split for clip in found if clip.person == "walk11"} == {Split.TEST}


def test_the_balancing_reference_is_where_the_cameras_meet():
    joints = motions.walking(40).joints
    base = motions.camera()
    seen, cameras = {}, {}
    for k, (name, early) in enumerate({"cam01": 0, "cam02": 0, "cam03": 2, "cam04": 1}.items()):
        c, s = np.cos(k), np.sin(k)
        camera = base.in_world(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]), np.zeros(3))
        delayed = np.concatenate([np.repeat(joints[:1], early, axis=0), joints])
        seen[name] = keypoints_of(camera.project(delayed), np.ones(delayed.shape[:2]), delayed, 60.0, (320, 240))
        cameras[name] = camera
    found = references(seen, cameras)
    inner = slice(8, 32)
    assert np.abs(found["cam01"].joints[inner] - joints[inner]).max() < 0.01
    assert np.allclose(found["cam03"].joints[10:34], found["cam01"].joints[8:32]) and found["cam03"].are_marks
    assert {clip.split for clip in Balancing().clips()} == {Split.TEST}


def test_who_comes_second_waits_until_it_is_made(tmp_path):
    from threading import Thread

    order = []

    def second():
        with alone(tmp_path, "clip"):
            order.append("second")

    with alone(tmp_path, "clip"):
        other = Thread(target=second)
        other.start()
        other.join(0.2)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
