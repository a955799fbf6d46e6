"""Outside problems: gradients are right, instances are those of their seed, methods spend what they are given."""

import json
from contextlib import suppress

import numpy as np
import pytest
import torch

from motionrecon.errors import InputError
from motionrecon.research.bench.outside import measure, report
from motionrecon.research.bench.outside.measure import METHODS, OutsidePlan, OutsideResult, Recorder
from motionrecon.research.tasks.outside import OUTSIDE, draw


@pytest.mark.parametrize("name", OUTSIDE)
def test_gradients_are_those_of_the_values(name):
    batch = draw(name, 2, 0)
    value, gradient = batch.value_and_gradient(batch.start)
    assert value.isfinite().all() and gradient.isfinite().all()
    direction = torch.randn(batch.start.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    h = 1e-6
    sides = [batch.value_and_gradient(batch.start + sign * h * direction)[0] for sign in (1, -1)]
    slope = (gradient * direction).sum(-1)
    np.testing.assert_allclose((sides[0] - sides[1]) / (2 * h), slope, rtol=1e-4, atol=1e-6 * float(slope.abs().max()))


@pytest.mark.parametrize("name", ["bundle_adjustment", "gaussians_fit"])
def test_an_instance_is_a_row_of_its_batch(name):
    batch, again = draw(name, 3, 4), draw(name, 3, 4)
    assert torch.equal(batch.start, again.start) and not torch.equal(batch.start, draw(name, 3, 5).start)
    value, gradient = batch.problem(1).value_and_gradient(batch.start[1].numpy())
    values, gradients = batch.value_and_gradient(batch.start)
    assert value == pytest.approx(float(values[1]), rel=1e-12)
    np.testing.assert_allclose(gradient, gradients[1], rtol=1e-9, atol=1e-12)


def test_the_icosahedron_is_the_lowest_of_thirteen_atoms():
    golden = (1 + 5**0.5) / 2
    corners = [(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    shell = np.array([np.roll(c, k) for c in corners for k in range(3)]) / np.sqrt(1 + golden**2)
    energies = [
        float(OUTSIDE["lennard_jones_13"].value(torch.tensor(np.vstack([[0, 0, 0], r * shell]).reshape(1, -1))))
        for r in np.linspace(1.05, 1.12, 200)
    ]
    assert min(energies) == pytest.approx(OUTSIDE["lennard_jones_13"].minimum, abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_stays_within_its_evaluations(method):
    if method == "cma-es":
        pytest.importorskip("cma")
    problem = draw("rosenbrock_2", 2, 0).problem(0)
    recorder = Recorder(problem, 40)
    with suppress(measure.Finished):
        METHODS[method](recorder, problem.start, 0)
    assert 2 <= recorder.count <= 40
    first = problem.value(problem.start)
    assert recorder.lowest[recorder.count - 1] < first
    if method != "cma-es":  # which never asks for the start itself
        assert recorder.lowest[0] == pytest.approx(first)


def test_scores_ranks_and_differences():
    plan = OutsidePlan(problems=("rosenbrock_2",), evaluations=(10,), instances=2, methods=("adam", "bfgs", "optimus"))
    first = np.array([1.0, 2.0])
    results = {
        ("rosenbrock_2", 10, "adam"): OutsideResult(first, np.array([0.1, 0.2])),
        ("rosenbrock_2", 10, "bfgs"): OutsideResult(first, np.array([0.001, 0.2])),
        ("rosenbrock_2", 10, "optimus"): OutsideResult(first, np.array([0.0, 0.002])),
    }
    found = report.scores(plan, results, "rosenbrock_2")
    np.testing.assert_allclose(found[10, "bfgs"], [3, 1])
    np.testing.assert_allclose(found[10, "optimus"], [report.CAP, 3])
    assert report.ranks(plan, results, 10) == {"adam": 2.75, "bfgs": 2.25, "optimus": 1.0}
    assert report.differences(plan, results, 10, "bfgs", "adam")["all"].mean == pytest.approx(1.0)


def test_the_whole_writes_its_files(tmp_path):
    plan = OutsidePlan(problems=("rosenbrock_2",), evaluations=(12,), instances=2, methods=("optimus", "scipy-lbfgsb"))
    said = report.write(plan, measure.measure(plan, workers=1), tmp_path, "a command")
    assert "mean rank" in said
    record = json.loads((tmp_path / "outside.json").read_text())
    assert set(record["ranks"]["12"]) == {"optimus", "scipy-lbfgsb"}
    assert "a command" in (tmp_path / "outside.md").read_text()


def test_what_is_unknown_is_said():
    with pytest.raises(InputError, match="no outside problem is called 'hill'"):
        OutsidePlan(problems=("hill",))
    with pytest.raises(InputError, match="no method for outside problems is called 'newton'"):
        OutsidePlan(methods=("newton",))
    with pytest.raises(InputError, match="at least 2"):
        OutsidePlan(instances=1)
