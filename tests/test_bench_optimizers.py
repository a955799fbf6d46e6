"""The benchmark of optimizers: peers are the real ones, counts are exact, tables and profiles say what they should."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from motionrecon.core.files import read_arrays
from motionrecon.errors import InputError
from motionrecon.optimizers import minimize
from motionrecon.research.bench import fingerprint
from motionrecon.research.bench.functions import learned, measure, peers, profiles, report, tables
from motionrecon.research.bench.functions import plan as plans
from motionrecon.research.bench.functions.peers import all_at_once, one_by_one, tuning
from motionrecon.research.bench.functions.peers.instances import Instances, score
from motionrecon.research.bench.functions.peers.tuning import Tuned
from motionrecon.research.bench.functions.plan import Plan
from motionrecon.research.bench.functions.settings import SHIPPED, TunedSettings
from motionrecon.research.bench.functions.tables import Entry
from motionrecon.research.tasks.functions import FUNCTIONS


class Counting(nn.Module):
    """A rule that walks down the gradient by a fixed share of the domain and counts its calls."""

    def __init__(self, rate: float = 0.1) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(rate, dtype=torch.float64))
        self.calls = 0

    def begin(self, x, f, g, budget):
        return {"x": x, "g": g, "best_x": x, "best_f": f, "t": torch.ones(len(x))}

    def propose(self, state):
        size = state["g"].square().mean(-1, keepdim=True).sqrt()
        return state["x"] - self.rate * state["g"] / size, state

    def observe(self, state, x, f, g):
        self.calls += 1
        return state | {"x": x, "g": g, "t": state["t"] + 1}


@pytest.fixture
def toy(monkeypatch):
    """Learned optimizers for the tests: a subject with two training seeds, and a control."""
    rates = {"one": 0.1, "two": 0.2, "": 0.001}
    made = {
        "toy": learned.Learned("subject", lambda: ("one", "two"), lambda label: Counting(rates[label])),
        "slow": learned.Learned("control", lambda: ("",), lambda label: Counting(rates[label])),
    }
    monkeypatch.setattr(learned, "LEARNED", made)


def small(**changes) -> Plan:
    plan = Plan(functions=("sphere", "levy"), dims=(3,), evaluations=(10, 20), instances=4, methods=("gd", "lbfgs"))
    return replace(plan, **changes)


def instances(name: str, n: int = 5, P: int = 3) -> Instances:
    return Instances.draw("test", name, n, P, 0)


# ---- the peers


def by_itself(method: str, drawn: Instances, budget: int, rate: float, patience: int | None) -> np.ndarray:
    """A first-order peer as motionrecon.optimizers runs it, restarted by the rule that BFGS is restarted by."""
    best = []
    for k in range(drawn.batch.P):
        recorder = one_by_one._Recorder(drawn.batch.problem(k), budget, patience)
        u, number = (drawn.start[k] / drawn.batch.scale[k]).numpy(), 0
        while True:
            recorder.begin()
            try:
                minimize(
                    recorder, u, method, max_evaluations=budget + 1, rate=rate, gtol=0 if patience is None else 1e-11
                )
            except one_by_one._Stalled:
                pass
            except one_by_one._Spent:
                break
            u, number = drawn.restart(number)[k], number + 1
        best.append(recorder.best)
    return np.array(best)


@pytest.mark.parametrize("method", peers.FIRST_ORDER)
@pytest.mark.parametrize("name", ["levy", "zakharov", "rastrigin"])
def test_batched_peers_are_those_of_motionrecon(method, name):
    drawn = instances(name)
    rates = np.array([0.003, 0.02])
    plain = all_at_once.first_order(method, drawn, 40, rates, None)
    restarted = all_at_once.first_order(method, drawn, 40, rates, np.array([5, 9]))
    for k in range(2):
        np.testing.assert_allclose(plain[k], by_itself(method, drawn, 40, rates[k], None), rtol=1e-6)
        np.testing.assert_allclose(restarted[k], by_itself(method, drawn, 40, rates[k], (5, 9)[k]), rtol=1e-6)


@pytest.mark.parametrize("method", (*peers.FIRST_ORDER, *peers.QUASI_NEWTON))
@pytest.mark.parametrize("restarts", [False, True])
def test_every_peer_spends_its_budget_exactly(method, restarts, monkeypatch):
    """Each evaluation of value and gradient counts, wherever a line search asks; the start is the first."""
    asked = []
    real = type(FUNCTIONS["levy"]).value_and_gradient

    def counting(self, z, i):
        asked.append(1 if z.ndim == 1 else z.shape[0] * z.shape[1])
        return real(self, z, i)

    drawn = instances("levy", P=2)
    first = drawn.batch.value_and_gradient(drawn.start)[0].numpy()
    monkeypatch.setattr(Instances, "enough", lambda self: np.full(2, -np.inf))  # asks for the starts' values
    monkeypatch.setattr(type(FUNCTIONS["levy"]), "value_and_gradient", counting)
    if method in peers.FIRST_ORDER:
        best = all_at_once.first_order(method, drawn, 25, np.array([0.1]), np.array([5]) if restarts else None)[0]
    else:
        best = one_by_one.quasi_newton(method, drawn, 25, 0.1, 5 if restarts else None)
    assert best.shape == (2, 25)
    assert sum(asked) == 50 if restarts else sum(asked) <= 50
    np.testing.assert_allclose(best[:, 0], first, rtol=1e-9)
    assert (np.diff(best, axis=1) <= 0).all()


@pytest.mark.parametrize("method", peers.HOPPING)
def test_searches_for_better_minima_spend_their_budget_and_are_repeatable(method):
    if method == "cma-es":
        pytest.importorskip("cma")
    drawn = instances("rastrigin", n=3, P=2)
    best, again = (one_by_one.hopping(method, drawn, 120, 0.3) for _ in range(2))
    assert np.array_equal(best, again) and best.shape == (2, 120)
    assert (np.diff(best, axis=1) <= 0).all() and (best[:, -1] < best[:, 0]).all()
    np.testing.assert_allclose(best[:, 0], drawn.batch.value_and_gradient(drawn.start)[0], rtol=1e-9)


def test_restarts_are_the_same_points_for_all_and_inside_the_domain():
    one, two = instances("ackley"), instances("ackley")
    two.restart(3)
    for number in range(3):
        assert np.array_equal(one.restart(number), two.restart(number))
    lower, upper = FUNCTIONS["ackley"].domain(5)
    assert np.abs(one.restart(0)).max() <= (upper - lower) / 2


@pytest.mark.parametrize("method", ["lbfgs", "scipy-lbfgs"])
def test_restarts_help_where_there_are_many_minima(method):
    drawn = Instances.draw("test", "styblinski_tang", 3, 12, 0)
    both = [one_by_one.quasi_newton(method, drawn, 200, 0.1, patience) for patience in (None, 10)]
    plain, restarted = (score(drawn.log_gaps(best)[:, -1]).mean() for best in both)
    assert restarted > plain + 0.5


def test_tuning_takes_the_rate_with_the_best_score():
    tuned = tuning.tune("gd", "sphere", 4, (15,))
    drawn = Instances.draw("tune", "sphere", 4, tuning.tuning_count(4), 0)
    scores = [
        score(drawn.log_gaps(all_at_once.first_order("gd", drawn, 15, np.array([rate]), None))[..., -1]).mean()
        for rate in tuning.RATES
    ]
    assert scores[tuning.RATES.index(tuned["plain", 15].rate)] == pytest.approx(max(scores), abs=2e-3)
    assert tuned["plain", 15].patience is None and tuned["restarts", 15].patience in tuning.PATIENCES


def test_tuned_on_other_instances_than_tested_on():
    one, two = Instances.draw("tune", "sphere", 4, 3, 0), Instances.draw("test", "sphere", 4, 3, 0)
    assert not torch.equal(one.batch.place, two.batch.place)
    assert not torch.equal(one.start, two.start)


@pytest.mark.parametrize("method", ["gd", "lbfgs"])
def test_what_ends_early_has_the_score_of_the_whole(method, monkeypatch):
    drawn = instances("sphere")

    def run() -> np.ndarray:
        if method == "gd":
            best = all_at_once.first_order(method, drawn, 60, np.array([0.2]), None)[0]
        else:
            best = one_by_one.quasi_newton(method, drawn, 60, 0.1, 5)
        return np.maximum(drawn.log_gaps(best), -7.9)

    short = run()
    monkeypatch.setattr("motionrecon.research.bench.functions.peers.instances.ENOUGH", 0.0)
    np.testing.assert_allclose(short, run(), atol=1e-6)


def test_score_is_floored_and_capped():
    np.testing.assert_array_equal(score(np.array([0.5, 0.0, -2.5, -6.0, -9.0])), [0, 0, 2.5, 6, 6])


# ---- learned rules


def test_a_rule_gets_as_many_evaluations_as_a_peer():
    rule, drawn = Counting(), instances("sphere", P=4)
    best = learned.run(rule, drawn, 17)
    assert best.shape == (4, 17) and rule.calls == 16
    assert (np.diff(best, axis=1) <= 0).all()


def test_a_failed_step_of_a_rule_never_counts():
    class Away(Counting):
        def propose(self, state):
            return torch.full_like(state["x"], 1e200), state

    drawn = instances("zakharov")
    best = learned.run(Away(), drawn, 5)
    np.testing.assert_allclose(best, best[:, :1] * np.ones(5))
    assert (score(drawn.log_gaps(best)[:, -1]) == 0).all()


BUILT_IN = ("optimus", "no-axes", "no-exploration", "identity")


def test_fingerprint_tells_weights_apart():
    assert learned.fingerprint(Counting(0.1)) == learned.fingerprint(Counting(0.1))
    assert learned.fingerprint(Counting(0.1)) != learned.fingerprint(Counting(0.2))


def test_fingerprint_knows_the_code_that_a_rule_runs():
    rules = [learned.get(name).make("") for name in BUILT_IN]
    assert len({learned.fingerprint(rule) for rule in rules}) == len(rules)
    reached = fingerprint._reached("motionrecon.optimus.rule", set())
    parts = ("secant", "state", "exploration.trend", "exploration.axes", "exploration.bowl")
    assert {f"motionrecon.optimus.{part}" for part in parts} <= reached


def test_built_in_rules_have_no_weights():
    with pytest.raises(InputError, match=r"weights=own\.safetensors: Optimus runs on built-in rules"):
        learned.get("optimus").make("own.safetensors")


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_rules_run(name):
    drawn = instances("sphere", P=2)
    rule = learned.get(name).make(learned.get(name).labels()[0])
    assert (score(drawn.log_gaps(learned.run(rule, drawn, 40))[:, -1]) > 1).all()


# ---- the whole


def test_run_resumes_and_writes_its_tables(tmp_path, toy, monkeypatch):
    plan = small(methods=("gd", "lbfgs", "toy", "slow"))
    nothing = tmp_path / "none.json"
    cells = measure.measure(plan, tmp_path, workers=1, shipped=nothing)
    assert len(cells) == 2 * 2 * (2 + 2 + 1)
    text = report.write(plan, cells, tmp_path, "motionrecon bench optimizers")
    assert "toy" in text
    record = json.loads((tmp_path / "optimizers.json").read_text())
    facts = record["results"][0]
    assert (facts["n"], facts["evaluations"], facts["instances"]) == (3, 10, 4)
    assert facts["acceptance"]["toy"]["of"] == 2
    assert set(facts["acceptance"]["toy"]["against"]) == {"gd", "lbfgs", "slow"}
    assert facts["methods"]["toy"]["functions"]["sphere"]["score_by_training_seed"][0] > 0
    assert "| levy* " in (tmp_path / "optimizers.md").read_text()
    for name in ("profile_n3_10.png", "curves_n3_20.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")

    # what is done is not done again; what is lost, is
    done = []
    real = measure._compute
    monkeypatch.setattr(measure, "_compute", lambda task: (done.append(task[0]), real(task)))
    monkeypatch.setattr(measure, "tune", lambda *a: pytest.fail("tuned again"))
    lost = next(iter(cells))
    lost.path(tmp_path).write_bytes(b"half a fi")
    again = measure.measure(plan, tmp_path, workers=1, shipped=nothing)
    assert done == [lost]
    for job, cell in cells.items():
        for version in cell.log_gap:
            np.testing.assert_array_equal(cell.log_gap[version], again[job].log_gap[version])


def test_other_weights_are_measured_anew(tmp_path, toy, monkeypatch):
    plan = small(methods=("toy",), evaluations=(10,))
    before = measure.measure(plan, tmp_path, workers=1)
    other = learned.Learned("subject", lambda: ("one", "two"), lambda label: Counting(0.15))
    monkeypatch.setitem(learned.LEARNED, "toy", other)
    after = measure.measure(plan, tmp_path, workers=1)
    assert not set(before) & set(after)
    assert measure.measure(plan, tmp_path, workers=1).keys() == after.keys()


def test_processes_give_what_one_process_gives(tmp_path):
    plan = small(methods=("gd",), functions=("sphere",))
    one = measure.measure(plan, tmp_path / "one", workers=1, shipped=tmp_path / "none.json")
    two = measure.measure(plan, tmp_path / "two", workers=2, shipped=tmp_path / "none.json")
    for job, cell in one.items():
        for version in cell.log_gap:
            np.testing.assert_allclose(cell.log_gap[version], two[job].log_gap[version], atol=2e-3)


def test_a_cell_holds_what_the_tables_need(tmp_path):
    plan = small(methods=("gd",), functions=("sphere",), evaluations=(10,))
    (job,) = measure.measure(plan, tmp_path, workers=1, shipped=tmp_path / "none.json")
    arrays = read_arrays(job.path(tmp_path))
    assert arrays["log_gap_plain"].shape == (4, 10) and arrays["objective_restarts"].shape == (4,)
    assert (arrays["log_gap_plain"][:, 0] == 0).all()


def test_settings_are_kept(tmp_path):
    settings, path = TunedSettings(), tmp_path / "tuned.json"
    found = {(v, 10): Tuned(0.1, None if v == "plain" else 5) for v in peers.VERSIONS}
    settings.add("lbfgs", "levy", 3, found)
    settings.write(path, "command")
    read = TunedSettings(path)
    for method in peers.QUASI_NEWTON:
        assert read.find(method, "levy", 3, 10) == tuple((v, found[v, 10]) for v in peers.VERSIONS)
    assert read.find("gd", "levy", 3, 10) is None and read.find("lbfgs", "levy", 3, 20) is None
    path.write_text("{")
    with pytest.raises(InputError, match="delete it"):
        TunedSettings(path)


def test_shipped_settings_serve_the_quick_plan():
    settings = TunedSettings(SHIPPED)
    for name in FUNCTIONS:
        for method in peers.PEERS:
            for version, tuned in settings.find(method, name, 10, 100) or pytest.fail(f"{method} on {name}"):
                hops = tuning.HOPS if method in peers.HOPPING else tuning.FIRST_STEPS
                grid = tuning.RATES if method in peers.FIRST_ORDER else hops
                assert tuned.rate in grid and (
                    method in peers.HOPPING or (tuned.patience is None) == (version == "plain")
                )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"functions": ("ackly",)}, "no test function is called 'ackly'"),
        ({"methods": ("sgd",)}, "no optimizer called 'sgd'"),
        ({"dims": (0,)}, "dims=0: give"),
        ({"evaluations": (1,)}, "evaluations=1: give"),
        ({"instances": 1}, "instances=1: give"),
        ({"weights": ("best.safetensors",)}, "write NAME=FILE"),
        ({"weights": ("optimum=best.safetensors",)}, "no learned optimizer is called 'optimum'"),
    ],
)
def test_flags_that_cannot_be_used_are_said(flags, message):
    with pytest.raises(InputError, match=message):
        plans.chosen(**flags)


def test_quick_is_a_smaller_plan_and_flags_go_before_it():
    quick = plans.chosen(quick=True)
    assert quick.dims == (10,) and quick.evaluations == (100,) and len(quick.functions) == 17
    assert plans.chosen(quick=True, dims=(5,)).dims == (5,)
    assert set(plans.installed()) < set(quick.methods)


# ---- tables and profiles


def entry(final: list[list[float]], version: str = "plain") -> Entry:
    """An entry whose curves end at these log gaps (L, P)."""
    end = np.array(final, dtype=float)
    return Entry(version, np.stack([np.zeros_like(end), end], -1), 10.0**end)


def test_differences_are_paired():
    rng = np.random.default_rng(0)
    shared = rng.uniform(-4, -1, (1, 50))
    one, other = {"levy": entry(shared - 0.2)}, {"levy": entry(shared)}
    found = tables.difference(one, other, ["levy"])
    assert found.mean == pytest.approx(0.2) and found.error == pytest.approx(0, abs=1e-9)


def test_errors_hold_instances_and_training_seeds():
    rng = np.random.default_rng(1)
    base, noise = rng.uniform(-4, -1, 400), rng.normal(0, 0.5, 400)
    other = {"levy": entry([base])}
    one_seed = tables.difference({"levy": entry([base + noise])}, other, ["levy"])
    assert one_seed.error == pytest.approx(0.5 / 20, rel=0.15)
    seeds = tables.difference({"levy": entry([base + s for s in (-0.3, 0.0, 0.3)])}, other, ["levy"])
    assert seeds.error == pytest.approx(0.3 / np.sqrt(3), rel=1e-6)


def test_acceptance_counts(toy, monkeypatch):
    results = {
        "gd": {"ackley": entry([[-1.0, -1.0]]), "sphere": entry([[-6.0, -6.0]]), "levy": entry([[-3.0, -3.0]])},
        "lbfgs": {"ackley": entry([[-0.5, -0.5]]), "sphere": entry([[-6.0, -6.0]]), "levy": entry([[-2.0, -2.0]])},
        "toy": {"ackley": entry([[-1.4, -1.4]]), "sphere": entry([[-5.96, -5.96]]), "levy": entry([[-2.9, -2.9]])},
        "slow": {"ackley": entry([[-6.0, -6.0]]), "sphere": entry([[-0.0, -0.0]]), "levy": entry([[-0.0, -0.0]])},
    }
    facts = tables.acceptance(results, "toy")
    assert facts["best_or_equal"] == 2 and facts["of"] == 3  # levy is 0.1 below gd; controls are no peers
    assert facts["multimodal_clearly_better"] == ["ackley"]
    assert facts["mean_held_out"] == pytest.approx(2.9)
    assert facts["against"]["gd"]["mean"] == pytest.approx((0.4 - 0.04 - 0.1) / 3)
    assert facts["against"]["slow"]["role"] == "control"
    assert tables.best_peer(results, "levy") == "gd"


def test_the_better_version_of_a_peer_counts():
    plain, restarts = np.zeros((2, 3)), np.zeros((2, 3))
    plain[:, -1], restarts[:, -1] = -1.0, -2.0
    job = plans.CellJob("gd", "", "levy", 3, 3, 2, 0, (), "")
    cell = plans.Cell({"plain": plain, "restarts": restarts}, {"plain": np.zeros(2), "restarts": np.zeros(2)})
    found = tables.table({job: cell}, 3, 3)
    assert found["gd"]["levy"].version == "restarts" and found["gd"]["levy"].mean == 2.0


def test_evaluations_to_tolerance():
    curve = np.array([[[0.0, -2.9, -3.0, -3.5], [0.0, -1.0, -1.0, -1.0]]])
    np.testing.assert_array_equal(Entry("plain", curve, np.zeros((1, 2))).evaluations_to_tolerance, [[3, np.inf]])


def test_profile_is_dolan_and_mores():
    inf = np.inf
    costs = {"a": np.array([[2.0, 4.0, inf, inf]]), "b": np.array([[4.0, 2.0, 3.0, inf]])}
    shares = profiles.performance_profile(costs, np.array([1.0, 1.9, 2.0, 50.0]))
    np.testing.assert_allclose(shares["a"], [0.25, 0.25, 0.5, 0.5])
    np.testing.assert_allclose(shares["b"], [0.5, 0.5, 0.75, 0.75])


def test_profile_costs_are_counted_to_the_best_found_by_any():
    def curve(*log_gaps):
        return {"levy": Entry("plain", np.array([[log_gaps]]), np.zeros((1, 1)))}

    costs = profiles.evaluations_to_best(
        {"a": curve(0.0, -0.5, -1.0), "b": curve(0.0, -0.2, -0.4), "c": curve(0.0, -1.0, -1.0)}
    )
    assert [float(costs[m][0, 0]) for m in "abc"] == [3, np.inf, 2]
