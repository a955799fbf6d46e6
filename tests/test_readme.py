"""The README's scripts run as they stand, and do what it says."""

import re
from pathlib import Path

import pytest
import torch

import motionrecon

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.usefixtures("optimus_weights")


def run(containing):
    """The names that the README's only script containing this text leaves behind."""
    (script,) = [text for text in SCRIPTS if containing in text]
    names: dict = {}
    exec(compile(script, "README.md", "exec"), names)
    return script, names


def test_ten_lines_minimize_a_function_of_ones_own(capsys):
    script, names = run("motionrecon.minimize(")
    assert len([line for line in script.splitlines() if line.strip()]) <= 10
    result = names["result"]
    assert result.nfev <= 300 and f"{result.fun} {result.nfev}" in capsys.readouterr().out
    assert isinstance(result.x, torch.Tensor) and result.x.shape == names["start"].shape
    other = motionrecon.minimize(names["ripples"], names["start"], method="bfgs", max_evaluations=300)
    assert result.fun < 0.5 * other.fun, "it ends in the first dent"


def test_the_torch_optimizer_fits_a_model(capsys):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        names = run("Optimus(model.parameters()")[1]
    assert names["optimizer"].best_loss < 0.05
    assert str(names["optimizer"].best_loss) in capsys.readouterr().out


def test_every_method_that_the_readme_names_is_there():
    from motionrecon.optimizers import names

    line = re.search(r"`method` is one of (.*?)\.\n", README, re.DOTALL).group(1)
    assert set(re.findall(r"`([\w-]+)`", line)) == set(names())
