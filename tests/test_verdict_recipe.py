"""The recipe of the verdict's laws: what is measured, how it is fitted, and what is called good."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from motionrecon.core.landmarks import INDEX
from motionrecon.data import make_verdict, verdict_lines
from motionrecon.data.make_verdict import EARLIER, FORCES, JOINTS, NATURAL, Measured, good_below, of_others
from motionrecon.data.spoiled import SPOILS
from motionrecon.data.suites.synthetic.catalogue import clips
from motionrecon.keypoints import Keypoints
from motionrecon.research.bench.reconstruct.measure import ClipResult
from motionrecon.research.bench.reconstruct.suite import Split
from motionrecon.verdict.signs import POSE
from motionrecon.verdict.weights import FORCE_LAW, GOOD_MM, POSE_LAW

FILES = {"pose": ((JOINTS, EARLIER), POSE_LAW), "force": ((FORCES,), FORCE_LAW)}


def seen() -> Keypoints:
    """A second of somebody 300 pixels high, left of whose body is all that is right of 0."""
    rng = np.random.default_rng(0)
    pixels = rng.uniform(100, 400, (30, 33, 2))
    pixels[:, 0, 1], pixels[:, 1, 1] = 100, 400
    return Keypoints(pixels, np.full((30, 33), 0.9), rng.normal(size=(30, 33, 3)), np.ones(30, bool), 30.0, (640, 480))


def spoiled(how: str) -> Keypoints:
    return SPOILS[how](seen(), np.random.default_rng(1))


def test_what_is_spoiled_is_spoiled_as_it_says():
    away = spoiled("noisy").pixels - seen().pixels
    assert away.std() == pytest.approx(300 * np.hypot(0.012, 0.02), rel=0.1)
    hidden = np.isnan(spoiled("hidden").pixels).all(-1)
    assert hidden.sum() == 6 * 10 and (spoiled("hidden").confidence[hidden] == 0).all()
    assert np.isnan(spoiled("flat").points_3d).all() and (spoiled("flat").pixels == seen().pixels).all()
    crossed = (spoiled("crossed").pixels != seen().pixels).any((1, 2))
    left, right = INDEX["left_knee"], INDEX["right_knee"]
    assert crossed.sum() == 15
    assert (spoiled("crossed").pixels[crossed, left] == seen().pixels[crossed, right]).all()


def test_the_variants_are_those_that_the_fit_tells_apart():
    natural = [name for name, variant in verdict_lines.VARIANTS.items() if not variant.spoiled]
    assert tuple(natural) == NATURAL
    assert {variant.spoiled for variant in verdict_lines.VARIANTS.values()} == {"", *SPOILS}


def test_a_reconstruction_is_a_line_that_can_be_read_again(tmp_path, monkeypatch):
    (clip, *_) = [clip for clip in clips() if clip.split is Split.TUNING]
    figures = {"mpjpe_mm": 61.26, "kinematic_mpjpe_mm": 58.0, "force_stance_percent": float("nan")}
    verdict = {"signs": {"limbs_speed": 0.51234, "left_open": 27.0}}
    joint, force = verdict_lines.lines_of(ClipResult(clip, figures), verdict["signs"], "calibrated")
    assert force is None
    plates = ClipResult(replace(clip, suite="plates"), figures | {"force_stance_percent": 5.6})
    assert verdict_lines.lines_of(plates, {}, "as given")[0] is None  # no detector saw a film
    assert verdict_lines.lines_of(plates, {}, "as given")[1]["error"] == "5.6"
    verdict_lines.write(tmp_path / JOINTS, [joint, joint | {"final": "99"}], list(POSE))
    monkeypatch.setattr(make_verdict, "FOLDER", tmp_path)
    found = make_verdict.read(JOINTS)
    assert found.about[0] == (f"synthetic {clip.name}", clip.action, clip.person, "calibrated")
    assert found.errors.tolist() == [58.0, 58.0] and found.finals.tolist() == [61.26, 99.0]
    assert list(found.signs) == list(POSE)
    told = dict(zip(found.signs, found.numbers[0], strict=True))
    assert told["limbs_speed"] == 0.5123 and np.isnan(told["odd_size"])


def made(count: int = 60) -> Measured:
    """Lines whose errors grow with a sign, by four people who do three actions."""
    rng = np.random.default_rng(3)
    number = rng.uniform(0, 4, count)
    about = [(f"clip {k}", f"action {k % 3}", f"person {k % 4}", "as given") for k in range(count)]
    errors = 30 * (1 + number) * np.exp(0.1 * rng.standard_normal(count))
    return Measured(about, errors, errors, number[:, None], ["limbs_speed"])


def test_nobody_is_foretold_by_themselves_nor_by_their_action():
    measured = made()
    there = (measured.column("action") == "action 0") | (measured.column("person") == "person 0")
    other = measured.errors.copy()
    mine = (measured.column("action") == "action 0") & (measured.column("person") == "person 0")
    other[there & ~mine] *= 7.0
    assert (of_others(measured._replace(errors=other))[mine] == of_others(measured)[mine]).all()
    assert spearmanr(of_others(measured), measured.errors)[0] > 0.9


def test_of_what_is_called_good_a_tenth_is_bad_where_errors_are_spread_as_they_are_said_to_be():
    rng = np.random.default_rng(5)
    expected = np.exp(rng.normal(np.log(70.0), 0.3, 20_000))
    errors = expected * np.exp(0.25 * rng.standard_normal(len(expected)))
    good = good_below(expected, errors)
    assert (errors[expected < good] > 80.0).mean() == pytest.approx(0.1, abs=0.01)
    assert (errors[expected < good + 1.0] > 80.0).mean() > 0.095
    assert good_below(expected, 4.0 * errors) == 0.0


@pytest.mark.parametrize("which", FILES)
def test_the_laws_are_those_that_the_recipe_finds_and_right_in_the_mean_of_other_people_who_do_other_things(which):
    files, law = FILES[which]
    measured = make_verdict.read(*files)
    again = make_verdict.fitted(measured)
    assert again.base == pytest.approx(law.base, rel=0.02) and set(again.weights) == set(law.weights)
    for name, weight in law.weights.items():
        assert again.weights[name] == pytest.approx(weight, rel=0.05, abs=0.005)
    ratio = np.exp(np.mean(np.log(measured.finals / of_others(measured))))
    assert ratio == pytest.approx(1.0, abs=0.25)


def test_of_what_is_called_good_a_tenth_is_bad_at_most():
    measured = make_verdict.read(JOINTS, EARLIER)
    natural = measured.part(~measured.spoiled)
    expected = of_others(measured)[~measured.spoiled]
    good = expected < GOOD_MM
    assert spearmanr(expected, natural.finals)[0] > 0.6
    assert good.mean() > 0.1 and (natural.finals[good] > make_verdict.BAD_MM).mean() <= make_verdict.BAD_SHARE


def test_the_files_are_of_tuning_clips_only():
    test = {f"{clip.suite} {clip.name}" for clip in clips() if clip.split is Split.TEST}
    for name in (JOINTS, FORCES):
        with (make_verdict.FOLDER / name).open(newline="", encoding="utf-8") as file:
            assert not test & {row["clip"] for row in csv.DictReader(file)}
