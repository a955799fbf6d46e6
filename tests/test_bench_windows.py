"""The benchmark on windows: what it counts, that it goes on where it stopped, that it notices an unsafe method."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from motionrecon import cli
from motionrecon.errors import InputError
from motionrecon.optimizers import BatchedLeastSquares, FactoredLeastSquares
from motionrecon.optimizers.lm import LM
from motionrecon.research.bench.windows import arithmetic, figures, report, safety
from motionrecon.research.bench.windows import measure as bench
from motionrecon.research.bench.windows.measure import Task
from motionrecon.research.bench.windows.methods import Method
from motionrecon.research.tasks.known import load_known
from motionrecon.research.tasks.windows import choose, load

A = Method("lm-plain", "lm", {"search": 1, "broyden": 0})
B = Method("better", "lm")


def record(clip: str, a: list[list[float]], b: list[list[float]], best: float | None = 1.0) -> dict:
    """A window on which a Jacobian takes 1 s and a rollout 0.1 s."""
    return {
        "window": clip,
        "clip": clip,
        "motion": clip[0],
        "real": False,
        "unknowns": 10,
        "budget": 40,
        "rollout_s": 0.1,
        "derivative_s": 1.0,
        "best": best,
        "runs": {A.key: a, B.key: b},
    }


RECORDS = [
    record(
        "a0", [[0, 0, 0, 9.0], [4, 4, 4.4, 1.2], [8, 8, 9, 1.0]], [[0, 0, 0, 9.0], [1, 20, 3, 1.1], [2, 30, 5, 1.0]]
    ),
    record("a0", [[0, 0, 0, 1.2], [1, 1, 1, 1.0]], [[0, 0, 0, 1.2], [1, 10, 2, 1.05]]),
    record("b0", [[0, 0, 0, 9.0], [9, 9, 9, 1.4], [40, 40, 40, 1.4]], [[0, 0, 0, 9.0], [9, 0, 9, 1.0]], best=None),
]


def test_evaluations_to_a_tolerance():
    needed = [[figures.evaluations_to(r, A.key, t) for t in (1.5, 1.25, 1.0)] for r in RECORDS]
    assert needed == [[4, 4, 8], [1, 1, 1], [9, 40, 40]]  # a start that will do costs one; a miss the budget
    assert figures.evaluations_to(RECORDS[0], B.key, 1.25, with_rollouts=True) == pytest.approx(1 + 20 * 0.1)
    assert figures.best_of(RECORDS[2]) == 1.0  # of the methods, where there were no long runs


def test_values_at_equal_evaluations():
    assert figures.value_at(RECORDS[0], A.key, 7) == 1.2
    assert figures.value_at(RECORDS[0], A.key, 3) == 9.0


def test_errors_over_clips_know_that_windows_of_one_clip_are_alike():
    mean = figures.mean([1.0, 1.0, 3.0, 3.0], ["a", "a", "b", "b"])
    assert mean["mean"] == 2.0
    assert mean["error"] == pytest.approx(np.std([1, 1, 3, 3], ddof=1) / 2)
    assert mean["error_over_clips"] == pytest.approx(np.std([1, 3], ddof=1) / np.sqrt(2))


def test_the_summary_compares_with_plain_lm_and_with_the_strongest_peer():
    summary = figures.summarize(RECORDS, [A, B])
    assert (summary["plain"], summary["strongest"]) == ("lm-plain", "better")
    ratio = summary["against"]["better"]["lm-plain"]["ratio"]["1.25"]
    assert ratio == pytest.approx((1 + 1 + 9) / (4 + 1 + 40))
    difference = summary["against"]["better"]["lm-plain"]["difference"]["1.25"]
    assert difference["mean"] == pytest.approx(np.mean([-3, 0, -31]))
    assert summary["against"]["lm-plain"]["better"]["not_above"]["40"] == pytest.approx(2 / 3)
    assert summary["methods"]["lm-plain"]["solved"]["1.25"] == pytest.approx(2 / 3)
    assert summary["clips"] == 2 and summary["windows"] == 3


def test_the_report_is_written_with_its_pictures(tmp_path):
    trials = [{"method": "better", "options": {"mu": 0.1}, "evaluations": 3.0}]
    text = " ".join(report.write(RECORDS, [A, B], trials, tmp_path / "out").read_text().split())
    assert "| better |" in text and "| better | mu 0.1 | 3.00 |" in text
    figures = json.loads((tmp_path / "out" / "report.json").read_text())
    assert figures["methods"]["better"]["evaluations"]["1.25"]["mean"] == pytest.approx(11 / 3)
    for name in ("curves.png", "profile.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def task() -> Task:
    """A short window of the tuning set."""
    clip, place, _ = choose(load("tune"), 1)[0]
    return Task("tune", clip.name, place, 0.3)


def test_a_window_is_solved_once_and_a_new_method_alone(task, tmp_path, monkeypatch):
    first = bench.solve(task, [A], tmp_path, budget=3)
    rows = first["runs"][A.key]
    assert rows[0][:3] == [0, 0, 0] and rows[-1][0] <= 3
    assert all(later[3] <= earlier[3] for earlier, later in pairwise(rows))
    window = task.window()
    assert rows[0][3] == pytest.approx(window.problem.value(window.x0))

    followed = []
    monkeypatch.setattr(bench, "follow", lambda window, method, budget: followed.append(method) or rows)
    second = bench.solve(task, [A, B], tmp_path, budget=3)
    assert followed == [B]
    assert second["runs"][A.key] == rows
    bench.solve(task, [A, B], tmp_path, budget=3)
    assert followed == [B]
    bench.solve(task, [replace(B, hyper={"mu": 0.5})], tmp_path, budget=3)
    assert len(followed) == 2  # other options are another method


def test_tuning_takes_the_option_that_needs_fewest_evaluations(task, tmp_path, monkeypatch):
    made = [record("a0", RECORDS[0]["runs"][A.key], RECORDS[0]["runs"][B.key])]
    tried = replace(B, tried={"mu": (0.1, 0.2)})
    made[0]["runs"] = {
        replace(B, hyper={"mu": 0.1}).key: [[0, 0, 0, 9.0], [5, 0, 0, 1.0]],
        replace(B, hyper={"mu": 0.2}).key: [[0, 0, 0, 9.0], [3, 0, 0, 1.0]],
    }
    monkeypatch.setattr(bench, "solve_all", lambda *args, **options: made)
    (fixed, chosen), rows = bench.tune([A, tried], tmp_path)
    assert fixed is A
    assert chosen.hyper == {"mu": 0.2}
    assert [row["evaluations"] for row in rows] == [5, 3]


def test_a_method_is_built_by_name_or_from_its_class():
    assert A.build() == LM(search=1, broyden=0)
    assert Method("x", "motionrecon.optimizers.lm:LM", {"mu": 0.5}).build() == LM(mu=0.5)
    with pytest.raises(InputError, match="no option"):
        Method("x", "lm", {"no such option": 1}).build()


def test_an_unknown_method_is_named(tmp_path):
    with pytest.raises(InputError, match="'newton'"):
        bench.main(tmp_path, only=["newton"])


def test_a_scaled_problem_is_the_same_problem(task):
    window = task.window()
    scaled = safety.Scaled(window.problem, 100.0)
    value, gradient = scaled.value_and_gradient(window.x0)
    true, slope = window.problem.value_and_gradient(window.x0)
    assert value == pytest.approx(100 * true)
    np.testing.assert_allclose(gradient, 100 * slope)
    r, J = scaled.residuals_and_jacobian(window.x0)
    assert r @ r == pytest.approx(value)
    np.testing.assert_allclose(2 * J.T @ r, gradient, rtol=1e-6, atol=1e-6 * np.abs(gradient).max())
    again, factors = scaled.residuals_and_factors(window.x0)
    np.testing.assert_array_equal(again, r)
    np.testing.assert_allclose(factors.dense(), J, rtol=1e-12, atol=1e-12 * np.abs(J).max())


def test_plain_lm_is_safe_on_a_few_windows():
    verdict = safety.check("lm", 3, budget=2, sources=("tune",), processes=1, say=lambda text: None)
    assert verdict.windows == 3 and verdict.safe


@pytest.mark.parametrize("what", ["not_finite", "worse", "failed"])
def test_an_unsafe_method_is_noticed(task, monkeypatch, what):
    window = task.window()
    start = window.problem.value(window.x0)

    def bad(problem, x0, method, **options):
        if what == "failed":
            raise ZeroDivisionError("division by zero")
        x = x0 * np.nan if what == "not_finite" else x0 + 0.3
        return SimpleNamespace(x=x, fun=start if what == "not_finite" else problem.value(x))

    monkeypatch.setattr(safety, "minimize", bad)
    verdict = safety.judge(safety.Scaled(window.problem, 1.0), window.x0, "lm", 2, {})
    assert getattr(verdict, what) == 1 and not verdict.safe


def test_safety_on_the_command_line(monkeypatch, capsys):
    found = safety.Verdict(20, 2, worse=1)
    monkeypatch.setattr(safety, "check", lambda method, windows, processes, say: found)
    assert cli.main(["bench", "safety", "--windows", "20"]) == 1
    assert "18 of which" in capsys.readouterr().out and "1 worse" in found.text()
    monkeypatch.setattr(safety, "check", lambda method, windows, processes, say: safety.Verdict(20))
    assert cli.main(["bench", "safety"]) == 0
    assert cli.main(["bench", "safety", "--method", "newton"]) == 2
    assert cli.main(["bench", "safety", "--windows", "0"]) == 2


def test_the_share_of_the_arithmetic_is_of_real_windows():
    found = arithmetic.share(0.3, windows=1)
    assert found.unknowns == load("tune")[0].window(0, 0.3).problem.n
    assert found.own > 0 and found.evaluations > 0


def test_a_timed_problem_is_the_same_problem(task):
    window = task.window()
    timed, x = arithmetic.Timed(window.problem), window.x0
    assert isinstance(timed, BatchedLeastSquares) and isinstance(timed, FactoredLeastSquares)
    assert timed.n == window.problem.n and timed.value(x) == window.problem.value(x)
    np.testing.assert_array_equal(timed.residuals(x), window.problem.residuals_batch(x[None])[0])
    before = timed.seconds
    timed.residuals_and_factors(x)
    assert timed.seconds > before > 0


def test_the_main_jobs_own_row_has_its_starts_in_turn(task):
    window = task.window()
    turns = Method("main-job", "lm", in_turn=True)
    alone, good = bench.follow(window, B, 3), bench.follow(replace(window, will_do=lambda x: True), turns, 3)
    assert [row[3] for row in good] == [row[3] for row in alone], "a start that ends well is the only one"
    bad = bench.follow(replace(window, will_do=lambda x: False), turns, 12)
    assert bad[-1][0] <= 12 and all(later[3] <= earlier[3] for earlier, later in pairwise(bad))
    assert turns.key != replace(turns, in_turn=False).key


def test_what_is_compared_are_the_windows_whose_best_value_is_known_and_frozen():
    known = load_known("tune")
    compared = bench.tasks("tune")
    assert compared == [Task("tune", k.clip, k.place, k.seconds, k.value) for k in known]
    assert bench.tasks("tune", 2) == compared[:2]
    lower = record("a0", [[0, 0, 0, 0.5]], [[0, 0, 0, 9.0]])
    assert figures.best_of(lower) == 1.0, "a method that gets lower changes no figure of the others"
