"""Runs that are killed or interrupted at random moments, and what a rerun makes of what they leave.

    python tests/reliability/kills.py --kills 50 --interrupts 20 --seed 0

Each run reconstructs a short clip, physics and overlay included, in a process of its own, which gets SIGKILL or SIGINT
at a random moment of the time that an undisturbed run takes. Then the same command runs again, to its end. A fault is:
Ctrl-C that ends in anything but a line and exit code 130, a folder that looks finished and is not, a rerun that fails,
that warns, whose motion differs from the undisturbed one in a single bit, or that leaves a file which does not belong
there. Prints a table; exits with 1 if there was any.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import numpy as np  # noqa: E402
from clips import demo_images, write_clip  # noqa: E402
from motions import walking  # noqa: E402

from motionrecon.core.files import read_arrays  # noqa: E402
from motionrecon.result.folder import MARKER, REPORT, RESULT  # noqa: E402

#: What a finished folder holds; a result may have a list of frames without a person besides.
BELONGS = {*RESULT, MARKER, "cache", "motion_untracked.csv"}
FAULTS = ("bad exit", "looks finished", "rerun failed", "differs", "stray file")


def command(clip: Path | None, keypoints: Path | None, folder: Path) -> list[str]:
    given = [] if clip is None else [str(clip)]
    given += [] if keypoints is None else ["--keypoints", str(keypoints)]
    given += ["--no-physics"] if clip is None else []
    line = [sys.executable, "-P", "-m", "motionrecon", "reconstruct", *given]
    return [*line, "-o", str(folder), "--quiet", "--height", "1.7"]


def walker(path: Path) -> Path:
    """Keypoints of somebody who walks, as a perfect detector would see them."""
    motion = walking(6)
    pixels = motion.camera.project(motion.joints)
    np.savez(path, pixels=pixels, confidence=np.ones(pixels.shape[:2]), fps=30.0, image_size=motion.camera.image_size)
    return path


def disturb(line: list[str], number: signal.Signals, after: float) -> tuple[int, str, bool]:
    """Run a command and send it a signal; its exit code, what it printed, and whether it was done before."""
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            process.wait(after)
            done = True
        except subprocess.TimeoutExpired:
            done = False
            process.send_signal(number)
        out, _ = process.communicate(timeout=300)
    return process.returncode, out, done


def answered(code: int, out: str) -> bool:
    """Whether a run took Ctrl-C as it should. Before its first line runs, Python answers, in its own way."""
    if "site" in out or code == -signal.SIGINT:
        return True
    return code == 130 and "Traceback" not in out and out.endswith("motionrecon: interrupted\n")


def same_motion(one: Path, other: Path) -> bool:
    first, second = (read_arrays(folder / "motion.npz") for folder in (one, other))
    return first.keys() == second.keys() and all(first[key].tobytes() == second[key].tobytes() for key in first)


def leavings(folder: Path) -> list[str]:
    """Files of a finished folder that do not belong there."""
    found = [path.name for path in folder.iterdir() if path.name not in BELONGS]
    return found + [path.name for path in (folder / "cache").glob("*") if path.suffix != ".npz" or path.name[0] == "."]


def judge(folder: Path, undisturbed: Path, line: list[str], number: signal.Signals, after: float) -> tuple[str, str]:
    """Disturb one run and look at what the next one makes of it: (outcome, detail)."""
    code, out, done = disturb(line, number, after)
    if done and code == 0:
        return "too late", ""
    if number == signal.SIGINT and not answered(code, out) and not (code == 0 and (folder / REPORT).exists()):
        return "bad exit", f"exit code {code}: {out[-600:]!r}"
    if (folder / REPORT).exists() and not same_motion(folder, undisturbed):
        return "looks finished", ""
    if (folder / REPORT).exists():
        return "just done", ""
    again = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
    if again.returncode or again.stdout or again.stderr:
        return "rerun failed", f"exit code {again.returncode}: {(again.stdout + again.stderr)[-600:]!r}"
    if not same_motion(folder, undisturbed):
        return "differs", ""
    if stray := leavings(folder):
        return "stray file", ", ".join(stray)
    return "equal", ""


def timed(line: list[str]) -> float:
    """Seconds that an undisturbed run takes."""
    began = time.perf_counter()
    subprocess.run(line, check=True)
    return time.perf_counter() - began


def main(kills: int, interrupts: int, seed: int, quick: bool) -> int:
    """Disturb so many runs; returns the number of faults."""
    rng, table, faults = random.Random(seed), {}, []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        undisturbed, given = work / "undisturbed", work / "undisturbed from keypoints"
        keypoints, clip, detected = work / "keypoints.npz", None, 0.0
        if quick:
            walker(keypoints)
        else:
            clip = write_clip(work / "walk.mp4", demo_images(12, max_side=320))
            detected = timed(command(clip, None, undisturbed))
            shutil.copy(next((undisturbed / "cache").glob("keypoints-*.npz")), keypoints)
        took = timed(command(clip, keypoints, given))
        print(f"an undisturbed run takes {detected:.1f} s with detection, {took:.1f} s from keypoints", flush=True)
        for number, count in ((signal.SIGKILL, kills), (signal.SIGINT, interrupts)):
            counts: Counter[str] = Counter()
            for run in range(count):
                folder = work / f"{number.name} {run}"
                # Every fifth run detects, and is in another process's hands while it does.
                detect = not quick and run % 5 == 0
                line = command(clip, None if detect else keypoints, folder)
                after = rng.uniform(0.1, 1.0) * (detected if detect else took)
                outcome, detail = judge(folder, undisturbed if detect else given, line, number, after)
                while outcome == "too late":  # the machine is faster than it was
                    shutil.rmtree(folder, ignore_errors=True)
                    after *= 0.6
                    outcome, detail = judge(folder, undisturbed if detect else given, line, number, after)
                counts[outcome] += 1
                if outcome in FAULTS:
                    faults.append(f"{number.name} {run} after {after:.2f} s: {outcome}: {detail}")
                    print(faults[-1], flush=True)
                shutil.rmtree(folder, ignore_errors=True)
            table[number.name] = counts
    columns = ("equal", "just done", *FAULTS)
    print(f"{'':10}" + "".join(f"{column:>15}" for column in columns))
    for row, counts in table.items():
        print(f"{row:10}" + "".join(f"{counts[column]:>15}" for column in columns))
    return len(faults)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--interrupts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="from made keypoints, without video and physics")
    asked = parser.parse_args()
    sys.exit(1 if main(asked.kills, asked.interrupts, asked.seed, asked.quick) else 0)
