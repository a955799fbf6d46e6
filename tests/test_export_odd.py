"""Damaged results, and motions that nobody would make, through every format: a file or a line, never a traceback."""

from __future__ import annotations

import random
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from motions import walking

sys.path.insert(0, str(Path(__file__).parent / "reliability"))
import mutations

from motionrecon.cli import main
from motionrecon.export import FORMATS
from motionrecon.result.motion import Motion

#: Formats that run in this process and need nothing that is not always there.
OWN = [name for name in FORMATS if name not in ("blend", "fbx", "usd", "c3d")]
#: What may be damaged in a result, and how.
DAMAGES = {
    "motion.npz": (mutations.npz, mutations.npz_header, mutations.flip_bits, mutations.truncate),
    "model.xml": (mutations.xml, mutations.number, mutations.scaled_number, mutations.word, mutations.lines),
    "report.json": (mutations.json_value, mutations.json_key, mutations.nested, mutations.number),
}


def tried(folder: Path, name: str, place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Export a result, which must end in a file or in a line; returns the line."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    output = place / f"out{FORMATS[name].suffixes[0]}"
    code = main(["export", str(folder), str(output), "--format", name])
    line = capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    left = [path.name for path in place.iterdir()]
    if code == 0:
        assert output.name in left
    else:
        assert code == 2 and line.startswith("motionrecon: ") and line.count("\n") == 1
        assert not left, f"{line} and yet {left}"
    for path in place.iterdir():
        path.unlink()
    return line


@pytest.mark.parametrize("file", DAMAGES)
def test_damaged_results_end_in_a_line(
    tmp_path: Path, file: str, capsys: pytest.CaptureFixture[str], count: int = 12
) -> None:
    walking(6).save(tmp_path / "whole")
    place = tmp_path / "place"
    place.mkdir()
    for case in range(count):
        rng = random.Random(f"export {file} {case}")
        folder = tmp_path / "damaged"
        shutil.copytree(tmp_path / "whole", folder)
        damage = rng.choice(DAMAGES[file])
        try:
            content = damage((folder / file).read_bytes(), rng)
        except (IndexError, ValueError):
            content = mutations.flip_bits((folder / file).read_bytes(), rng)
        (folder / file).write_bytes(content)
        tried(folder, OWN[case % len(OWN)], place, capsys)
        shutil.rmtree(folder)


def _with_names(motion: Motion, name: str) -> Motion:
    """A model whose left forearm is called otherwise."""
    return replace(motion, model_xml=motion.model_xml.replace('"left_forearm"', f'"{name}"'))


#: Motions that keep every promise of the type, and that nobody would make.
ODD = {
    "one frame": lambda motion: walking(1),
    "two frames": lambda motion: walking(2),
    "a rate of 1,000": lambda motion: walking(6, 1000.0),
    "a rate of one in seven seconds": lambda motion: walking(6, 1 / 7),
    "a mile away": lambda motion: replace(motion, qpos=motion.qpos + 1609.0 * (np.arange(motion.qpos.shape[1]) < 2)),
    "joints wound up": lambda motion: replace(motion, qpos=motion.qpos + 100.0 * (np.arange(motion.qpos.shape[1]) > 6)),
    "never seen": lambda motion: replace(motion, tracked=np.zeros(6, bool)),
    "a strange name": lambda motion: _with_names(motion, "../é ;`&lt;b&gt;"),
    "lying down": lambda motion: replace(motion, qpos=_turned(motion.qpos, [0.7071, 0, -0.7071, 0])),
    "a quaternion that is none": lambda motion: replace(motion, qpos=_turned(motion.qpos, [0.0, 0.0, 0.0, 0.0])),
    "a long quaternion": lambda motion: replace(motion, qpos=_turned(motion.qpos, [1e5, 0.0, 0.0, 0.0])),
}


def _turned(qpos: np.ndarray, quaternion: list[float]) -> np.ndarray:
    out = qpos.copy()
    out[:, 3:7] = quaternion
    return out


@pytest.mark.parametrize("odd", ODD)
def test_odd_motions_end_in_a_file_or_a_line(tmp_path: Path, odd: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "place"
    place.mkdir()
    motion = ODD[odd](walking(6))
    try:
        motion.save(tmp_path / "odd")
    except Exception as error:  # what cannot be saved cannot be exported by the command
        pytest.skip(f"not a motion: {error}")
    for name in OWN:
        line = tried(tmp_path / "odd", name, place, capsys)
        assert not re.search(r"Traceback|nan\b", line)
