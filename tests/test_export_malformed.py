"""Motion folders that somebody else wrote, or that were damaged: exporters and plots give a file or one line of words.

``python tests/test_export_malformed.py 200`` tries so many.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from motions import simulated

from motionrecon.errors import MotionReconError
from motionrecon.export import FORMATS, export
from motionrecon.plots import write_plots
from motionrecon.result.motion import Motion

Arrays = dict[str, np.ndarray]
Random = np.random.Generator

#: Names that mean something to spreadsheets, browsers, shells, TeX and tab-separated files.
NASTY = ("=1+1", "<script>alert(1)</script>", "a\tb", "a\nb", "$x_{$", "../../up", '"', "ü" * 300, "", " ", "\x00")


def _array(arrays: Arrays, random: Random) -> str:
    return str(random.choice([key for key in arrays if arrays[key].dtype.kind == "f" and arrays[key].size]))


def _value(arrays: Arrays, model: str, random: Random) -> str:
    key = _array(arrays, random)
    array = arrays[key].astype(float).copy()
    array.flat[random.integers(array.size)] = random.choice([np.nan, np.inf, 1e300, -1e12, 1e-320, 0.0])
    arrays[key] = array
    return model


def _scaled(arrays: Arrays, model: str, random: Random) -> str:
    key = _array(arrays, random)
    arrays[key] = arrays[key] * random.choice([0.0, -1.0, 1e6, 1e155, 1e-200])
    return model


def _shortened(arrays: Arrays, model: str, random: Random) -> str:
    key = _array(arrays, random)
    arrays[key] = arrays[key][: random.integers(0, 2)] if arrays[key].ndim else arrays[key]
    return model


def _one_frame(arrays: Arrays, model: str, random: Random) -> str:
    for key in ("time", "joints", "qpos", "qvel", "root_wrench", "contact_force", "joint_torque", "tracked"):
        arrays[key] = arrays[key][:1]
    arrays["ctrl"], arrays["segments"] = arrays["ctrl"][:0], arrays["segments"][:0]
    return model


def _nobody(arrays: Arrays, model: str, random: Random) -> str:
    arrays["tracked"] = np.zeros_like(arrays["tracked"])
    return model


def _no_feet(arrays: Arrays, model: str, random: Random) -> str:
    keep = int(random.integers(0, 5))
    arrays["contact_force"], arrays["contact_names"] = arrays["contact_force"][:, :keep], arrays["contact_names"][:keep]
    return model


def _other_feet(arrays: Arrays, model: str, random: Random) -> str:
    arrays["contact_names"] = np.array(random.choice(["skull", "left_hand", "chest", "pelvis"], 8))
    return model


def _named(arrays: Arrays, model: str, random: Random) -> str:
    key = str(random.choice(["joint_names", "contact_names"]))
    names = arrays[key].astype(object)
    names[random.integers(len(names))] = random.choice(NASTY)
    arrays[key] = names.astype(str)
    return model


def _renamed(arrays: Arrays, model: str, random: Random) -> str:
    """A site, body, joint, geom or actuator of another name."""
    tag = str(random.choice(["site", "body", "joint", "geom", "position"]))
    found = re.findall(rf'<{tag} [^>]*?name="([^"]+)"', model)
    name, other = str(random.choice(found)), str(random.choice(["x", "a b", "$x_{$", "a,b", "&lt;b&gt;", "left_foot"]))
    return re.sub(rf'"{re.escape(name)}"', f'"{other}"', model)


def _without(arrays: Arrays, model: str, random: Random) -> str:
    """Without one site or capsule."""
    lines = model.splitlines()
    chosen = [i for i, line in enumerate(lines) if line.strip().startswith(("<site", "<geom")) and line.endswith("/>")]
    del lines[random.choice(chosen)]
    return "\n".join(lines)


def _moved(arrays: Arrays, model: str, random: Random) -> str:
    """A body at another place, so that a segment has no length, or an absurd one."""
    places = list(re.finditer(r'(<(?:body|site) [^>]*pos=")([^"]+)"', model))
    found = places[random.integers(len(places))]
    pos = random.choice(["0 0 0", "1e6 0 0", "0 0 1e-9", "0 1e30 0"])
    return f'{model[: found.start()]}{found[1]}{pos}"{model[found.end() :]}'


def _bare(arrays: Arrays, model: str, random: Random) -> str:
    """A model of nobody."""
    nq, nv = arrays["qpos"].shape[1], arrays["qvel"].shape[1]
    hinges = "".join(f'<body><joint axis="0 1 0"/><geom size=".1" pos="0 0 {i}"/></body>' for i in range(nv - 6))
    drives = "".join(f'<position joint="j{i}"/>' for i in range(nv - 6))
    for i in range(nv - 6):
        hinges = hinges.replace("<joint axis", f'<joint name="j{i}" axis', 1)
    assert nq == nv + 1
    step = float(arrays["timestep"])
    return (
        f'<mujoco><option timestep="{step!r}"/><worldbody><body><freejoint/><geom size=".1"/>{hinges}</body>'
        f"</worldbody><actuator>{drives}</actuator></mujoco>"
    )


DAMAGES: tuple[Callable[[Arrays, str, Random], str], ...] = (
    _value, _scaled, _shortened, _one_frame, _nobody, _no_feet, _other_feet, _named, _renamed, _without, _moved, _bare,
)  # fmt: skip


def tried(folder: Path, seed: int) -> tuple[str, list[str]]:
    """Damage a result, try every exporter and plot on it, and say what was done and all that is wrong."""
    random = np.random.default_rng(seed)
    result, out = folder / f"result{seed}", folder / f"out{seed}"
    simulated(8).save(result)
    with np.load(result / "motion.npz") as file:
        arrays = dict(file)
    model, damage = (result / "model.xml").read_text(), DAMAGES[seed % len(DAMAGES)]
    (result / "model.xml").write_text(damage(arrays, model, random))
    np.savez(result / "motion.npz", **arrays)
    before = sorted(path for path in folder.rglob("*"))
    out.mkdir()
    wrong = []

    def attempt(what: str, action: Callable[[], object]) -> None:
        try:
            action()
        except MotionReconError as error:
            if "\n" in str(error) or len(str(error)) > 1000:
                wrong.append(f"{what}: more than a line: {str(error)[:200]}")
        except Exception as error:
            wrong.append(f"{what}: {type(error).__name__}: {error}")

    def every() -> None:
        motion = Motion.load(result)
        for name, one in FORMATS.items():
            if one.suffixes[0] not in HEAVY:
                target = out / f"{name}{one.suffixes[0]}"
                attempt(name, lambda name=name, target=target: export(motion, target, name))
        attempt("save", lambda: motion.save(out / "saved"))
        attempt("plot", lambda: write_plots(motion, out / "plots", formats=["svg"], only=PLOTTED))

    attempt("load", every)
    outside = sorted(path for path in folder.rglob("*") if out not in path.parents and path != out)
    wrong += [f"outside: {path}" for path in outside if path not in before]
    shutil.rmtree(out)
    shutil.rmtree(result)
    return damage.__name__, wrong


#: Formats that need other programs, or belong to animation programs and have tests of their own.
HEAVY = (".fbx", ".glb", ".gltf", ".usd", ".usda", ".usdc", ".usdz", ".npz")
PLOTTED: list[str] = ["com"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(2 * len(DAMAGES)))
def test_a_damaged_result_gives_files_or_a_line(seed: int, tmp_path: Path) -> None:
    assert tried(tmp_path, seed)[1] == []


if __name__ == "__main__":
    import logging
    import tempfile
    import warnings

    warnings.simplefilter("ignore")
    logging.disable()
    PLOTTED[:] = ["com", "cop", "power"]
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(int(sys.argv[1])):
            damage_done, faults = tried(Path(scratch), number)
            for fault in faults:
                print(number, damage_done, fault[:300])
    print("done")
