"""The scripts in examples/ run as they are, from any folder, and print what they promise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))

#: What each prints, as a pattern.
PRINTED = {
    "01_video": r"Motion\(\d+ frames .*reprojection error: \d.*longest step: 0\.\d.*largest push of the floor: \d{3}",
    "02_keypoints_only": r"Motion\(15 frames .*the hips are (0\.[789]\d*|1\.0) m over the floor",
    "03_own_function": r"optimus +\S+ after \d+ evaluations.*lbfgs .*bfgs .*adam ",
    "04_torch_model": r"loss [01]\.\d+ -> (\d\.?\d*e-0[4-9]|0\.000)",
    "05_replay_in_mujoco": r"\d+ steps replayed; the largest difference from the saved motion is 0\.0\n",
    "06_batch": r"first\.mp4: \d+ frames.*second\.mp4: \d+ frames.*third\.mp4: .*not a video",
    "07_own_model": r"Optimus: \d+\.\d Jacobians to .*least_squares \(.*\): \d+\.\d Jacobians to .*ratio \d\.\d\d",
    "08_robot": r"g1\.csv: \d+ frames of 29 joints; the left knee bends \d+ to \d+ degrees",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example, tmp_path):
    done = subprocess.run([sys.executable, example], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(PRINTED[example.stem], done.stdout, re.DOTALL), done.stdout


def test_every_example_says_what_it_is():
    assert len(EXAMPLES) == len(PRINTED) == 8
    for example in EXAMPLES:
        assert example.read_text(encoding="utf-8").startswith('"""')
        assert f"python examples/{example.name}" in example.read_text(encoding="utf-8")
