"""Weights by name: what is saved is what is loaded, and nothing damaged is."""

import json

import pytest
import torch
from safetensors.torch import save_file

from motionrecon.core.files import sha256
from motionrecon.errors import InputError, ModelError
from motionrecon.optimus import weights
from motionrecon.optimus.adafactor import AdafactorMLP
from motionrecon.optimus.network.squares_network import SquaresNetwork
from motionrecon.optimus.paper.rule import PaperRule
from motionrecon.optimus.paper.rule import default_sizes as paper_sizes
from motionrecon.research.training.ship import ship


def noisy(rule, seed=0):
    """The rule with random weights everywhere, also where an untrained one has zeros."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in rule.parameters():
            weight.copy_(0.1 * torch.randn(weight.shape, generator=generator))
    return rule


RULES = {
    "squares": lambda: SquaresNetwork(),
    "adafactor": lambda: AdafactorMLP(),
    "paper": lambda: PaperRule(),
    "paper without attention": lambda: PaperRule(paper_sizes(attention=False)),
    "deep adafactor": lambda: AdafactorMLP(width=8, layers=3),
}


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of weights with one name, "optimus"."""
    source = tmp_path / "source.safetensors"
    weights.save(noisy(PaperRule()), source, {"core_hours": "3.5", "settings": '{"seed": 1}'})
    ship(source, "optimus", "motionrecon train 'optimus' --note \"é\"", tmp_path)
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", RULES)
def test_saved_and_read_is_exact(kind, tmp_path):
    rule = noisy(RULES[kind]())
    weights.save(rule, tmp_path / "w.safetensors")
    before = torch.random.get_rng_state()
    other = weights.read(tmp_path / "w.safetensors")
    assert torch.equal(before, torch.random.get_rng_state())
    assert type(other) is type(rule)
    assert other.state_dict().keys() == rule.state_dict().keys()
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in rule.state_dict().items())
    assert not any(p.requires_grad for p in other.parameters())
    if kind == "squares":
        return
    x = torch.randn(1, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for _ in range(3):
            points = [r.propose(r.begin(x, x.square().sum(-1), 2 * x, 100))[0] for r in (rule, other)]
            assert torch.equal(*points)
            x = points[0]


def test_by_name(shipped):
    assert weights.names() == ("optimus",)
    assert weights.records()["optimus"] == {
        "file": "optimus.safetensors",
        "sha256": sha256(shipped / "source.safetensors"),
        "command": "motionrecon train 'optimus' --note \"é\"",
        "core_hours": "3.5",
        "settings": '{"seed": 1}',
    }
    rule = weights.load("optimus")
    assert weights.load("optimus") is rule, "loaded twice"
    weights.save(noisy(AdafactorMLP()), shipped / "source.safetensors")
    ship(shipped / "source.safetensors", "a peer", "command", shipped)
    assert weights.names() == ("optimus", "a peer")
    assert isinstance(weights.load("a peer"), AdafactorMLP)


def test_by_path_follows_the_file(tmp_path):
    path = tmp_path / "own.safetensors"
    weights.save(noisy(AdafactorMLP(width=4)), path)
    assert weights.load(str(path)).network[0].out_features == 4
    weights.save(noisy(AdafactorMLP(width=8)), path)
    assert weights.load(str(path)).network[0].out_features == 8


def test_names_and_files_that_do_not_exist(shipped):
    with pytest.raises(InputError, match=r"called 'optimum': choose one of optimus, a \.safetensors file"):
        weights.load("optimum")
    with pytest.raises(InputError, match="no such file"):
        weights.load(str(shipped / "own.safetensors"))
    (shipped / "optimus.safetensors").unlink()
    with pytest.raises(ModelError, match="are missing; install motionrecon again"):
        weights.load("optimus")


def test_one_wrong_bit_is_noticed(shipped):
    path = shipped / "optimus.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="are damaged"):
        weights.find("optimus")


@pytest.mark.parametrize("kind", ["squares", "paper"])
@pytest.mark.parametrize("heads", [0, 3])
def test_heads_that_cannot_be_are_refused(kind, heads, tmp_path):
    path, rule = tmp_path / "w.safetensors", RULES[kind]()
    arguments = rule.settings()
    arguments.get("sizes", arguments)["heads"] = heads
    save_file(rule.state_dict(), path, {"kind": kind, "arguments": json.dumps(arguments)})
    with pytest.raises(ModelError, match=f"{heads} heads do not share"):
        weights.read(path)


def test_files_that_hold_something_else(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="holds no weights"):
        weights.read(path)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(ModelError, match="one of squares, adafactor, paper"):
        weights.read(path)
    save_file({"a": torch.zeros(2)}, path, {"kind": "os:system", "arguments": "{}"})
    with pytest.raises(ModelError, match="one of squares, adafactor, paper"):
        weights.read(path)
    for arguments in ("{}", "no json", "[" * 10**5, json.dumps({"width": 4, "layers": 2}), json.dumps({"depth": 1})):
        save_file({"a": torch.zeros(2)}, path, {"kind": "adafactor", "arguments": arguments})
        with pytest.raises(ModelError, match="does not fit this version"):
            weights.read(path)


def test_a_rule_of_an_unknown_class_is_not_saved(tmp_path):
    with pytest.raises(TypeError, match="Linear has no entry"):
        weights.save(torch.nn.Linear(1, 1), tmp_path / "w.safetensors")


@pytest.mark.parametrize("name", weights.names())
def test_what_is_shipped_loads_and_runs(name):
    record = weights.records()[name]
    assert sha256(weights.folder() / record["file"]) == record["sha256"]
    assert record["command"]
    rule = weights.load(name)
    assert all(torch.isfinite(value).all() for value in rule.state_dict().values())
