"""Writes what came out: a table of the clips as CSV and JSON, means in Markdown, and a page of pictures."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

import motionrecon
from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.research.bench.reconstruct.measure import BenchSettings, ClipResult, chosen, code, measure
from motionrecon.research.bench.reconstruct.suite import Split, Suite
from motionrecon.research.bench.reconstruct.tables import (
    clip_table,
    frame_of,
    length_table,
    mean_table,
    means,
    verdict_line,
)

NAME = "reconstruct"


def main(
    folder: Path,
    suites: Sequence[Suite],
    settings: BenchSettings,
    *,
    split: str = Split.TUNING,
    only: Sequence[str] = (),
    clips: int | None = None,
    jobs: int = 0,
    pictures: bool = True,
    command: str = "motionrecon bench reconstruct",
    say: Callable[[str], None] = lambda line: None,
) -> tuple[str, int]:
    """Reconstruct clips of some suites, and write reconstruct.csv, .json, .md and .html into a folder.

    Args:
        folder: for the result; motions and rows of an earlier run in it are taken over where nothing has changed.
        suites: whose clips.
        settings: how they are reconstructed.
        split: tuning, test, or both.
        only: words that choose clips, see `motionrecon.research.bench.reconstruct.measure.chosen`.
        clips: of each suite at most; all where not given.
        jobs: clips at once; 0 for one on each core.
        pictures: write the page of pictures, too.
        command: that led here, for the heads of the tables.
        say: told what is done.

    Returns:
        What was written into reconstruct.md, and how many clips failed.

    Raises:
        InputError: there is no such split, or no such clip.
    """
    splits: dict[str, Split | None] = {one.value: one for one in Split} | {"both": None}
    if split not in splits:
        raise InputError(f"split={split} is unknown; choose one of {', '.join(splits)}")
    if clips is not None and clips < 1:
        raise InputError(f"clips={clips}: give at least 1")
    todo = chosen(suites, splits[split], only, clips)
    if not todo:
        names = ", ".join(sorted({clip.action for suite in suites for clip in suite.clips()}))
        raise InputError(f"no clip of these suites and splits is called so; there are {names}")
    folder.mkdir(parents=True, exist_ok=True)

    def done(result: ClipResult) -> None:
        say(_line(result))

    results = measure(suites, todo, settings, folder, jobs=jobs, done=done)
    frame = frame_of(results)
    text = as_text(frame, settings, command)
    _write(folder / f"{NAME}.csv", frame.to_csv(index=False))
    _write(folder / f"{NAME}.json", json.dumps(_numbers(frame, settings, command), indent=1) + "\n")
    _write(folder / f"{NAME}.md", text)
    if pictures:
        from motionrecon.research.bench.reconstruct.page import as_page

        _write(folder / f"{NAME}.html", as_page(results, suites, settings, folder, head(settings, command)))
    return text, sum(bool(result.failure) for result in results)


def as_text(frame: pd.DataFrame, settings: BenchSettings, command: str) -> str:
    """The tables in Markdown."""
    failed = frame[frame["failure"] != ""]
    parts = [f"# Reconstructions against the truth\n\n{head(settings, command)}"]
    if len(failed):
        reasons = "\n".join(f"- {row['suite']}/{row['name']}: {row['failure']}" for _, row in failed.iterrows())
        parts.append(f"**{len(failed)} of {len(frame)} clips failed**, and count in no mean:\n\n{reasons}")
    for (suite, split), group in frame.groupby(["suite", "split"], sort=False):
        parts.append(f"## {suite}, {split}\n\n{mean_table(group, 'action')}")
        if group["camera"].nunique() > 1:
            parts.append(mean_table(group, "camera"))
        if (group["verdict"] != "").any():
            parts.append(f"{mean_table(group, 'verdict')}\n\n{verdict_line(group)}")
        if (table := length_table(group)) and group["torso_percent"].notna().any():
            parts.append(table)
        parts.append(clip_table(group))
    return "\n\n".join(parts) + "\n"


def head(settings: BenchSettings, command: str) -> str:
    """What was run, how, and of which version."""
    told = "all that the suite tells, camera and all" if settings.calibrated else "no camera unless the suite has one"
    given = " ".join(f"{name}={value}" for name, value in settings.given.items()) or "defaults"
    return (
        f"`{command}`\n\nCommit {commit()}, code {code()}. Detector {settings.detector}, every "
        f"{settings.every}. frame, {told}; {given}. Means over clips ± standard errors; force errors in percent of body"
        " weight, over what was simulated."
    )


def commit() -> str:
    """The commit of a working copy, with a + where it was changed; the version of an installed package."""
    here = Path(motionrecon.__file__).parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return None if done.returncode else done.stdout.strip()

    if not (found := git("rev-parse", "--short", "HEAD")):
        return f"unknown, version {motionrecon.__version__}"
    return found + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def _line(result: ClipResult) -> str:
    """A clip that has ended, in a line."""
    name = f"{result.clip.suite}/{result.clip.name}"
    if result.failure:
        return f"{name}: failed: {result.failure.strip().splitlines()[-1]}"
    told = result.figures
    verdict = f", {result.verdict}" if result.verdict else ""
    return (
        f"{name}: MPJPE {told['mpjpe_mm']:.0f} mm, PA {told['pa_mpjpe_mm']:.0f}, up {told['up_deg']:.1f}°, soles "
        f"{told['sole_speed']:.3f} m/s{verdict}"
    )


def _numbers(frame: pd.DataFrame, settings: BenchSettings, command: str) -> dict[str, Any]:
    groups: Mapping[Any, pd.DataFrame] = dict(list(frame.groupby(["suite", "split"], sort=False)))
    return {
        "command": command,
        "commit": commit(),
        "settings": asdict(settings),
        "means": {f"{suite}, {split}": means(group) for (suite, split), group in groups.items()},
        "clips": json.loads(frame.to_json(orient="records")),
    }


def _write(path: Path, text: str) -> None:
    with atomic(path) as file:
        file.write_text(text, encoding="utf-8")
