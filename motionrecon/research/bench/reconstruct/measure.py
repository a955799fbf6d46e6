"""Goes over the clips: each is prepared, reconstructed and compared, side by side, and only once.

Motions are kept in the folder of the result. They count as long as the settings, what was seen and motionrecon's code
are those that they were made with; figures are computed anew.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import motionrecon
from motionrecon.batch.executor import Lost
from motionrecon.batch.processes import Processes
from motionrecon.core.files import atomic, read_json, sha256
from motionrecon.errors import MotionReconError
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import load, save
from motionrecon.pipeline import reconstruct
from motionrecon.research.bench.parallel import parallel_map
from motionrecon.research.bench.reconstruct.figures import figures_of
from motionrecon.research.bench.reconstruct.suite import BenchClip, PreparedClip, Split, Suite
from motionrecon.result.motion import Motion
from motionrecon.result.report import Report

KEY, MOTION = "key.json", "motion"


@dataclass(frozen=True)
class BenchSettings:
    """How clips are reconstructed.

    Attributes:
        detector: that looks at films.
        calibrated: the camera is told, not only the person's height.
        every: only every so many frames are seen.
        given: further parameters of `motionrecon.pipeline.reconstruct`, the same for all clips.
    """

    detector: str = "full"
    calibrated: bool = False
    every: int = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def prepared(self, suite: Suite, clip: BenchClip) -> PreparedClip:
        """A clip of a suite, seen by that detector."""
        return suite.prepare(clip, self.detector, bool(self.given.get("mirrored")))


@dataclass(frozen=True)
class ClipResult:
    """What came out of one clip.

    Attributes:
        clip: which one.
        figures: of `motionrecon.research.bench.reconstruct.figures.FIGURES`; empty where it failed.
        verdict: the report's own word on the motion; empty where it has none.
        failure: why it failed; empty where it did not.
    """

    clip: BenchClip
    figures: Mapping[str, float]
    verdict: str = ""
    failure: str = ""

    @property
    def place(self) -> str:
        """The folder of its motion, in that of all results."""
        return f"{self.clip.suite}/{self.clip.name}"


@dataclass(frozen=True)
class _Task:
    """One clip to be done."""

    suite: Suite
    clip: BenchClip
    settings: BenchSettings
    folder: Path


def measure(
    suites: Sequence[Suite],
    clips: Sequence[BenchClip],
    settings: BenchSettings,
    folder: Path,
    *,
    jobs: int = 0,
    done: Callable[[ClipResult], None] = lambda result: None,
) -> list[ClipResult]:
    """Reconstruct clips and compare them with their truth; a clip that fails does not stop the others.

    Args:
        suites: that the clips are of.
        clips: which ones.
        settings: how.
        folder: where motions and rows are kept.
        jobs: clips at once; 0 for one on each core.
        done: told of each as it ends.

    Returns:
        A result for each clip, in their order.
    """
    by_name = {suite.name: suite for suite in suites}
    tasks = [_Task(by_name[clip.suite], clip, settings, folder) for clip in clips]
    found: dict[tuple[str, str], ClipResult] = {}
    for result in _ended(tasks, jobs):
        found[result.clip.suite, result.clip.name] = result
        done(result)
    return [found[clip.suite, clip.name] for clip in clips]


def _ended(tasks: Sequence[_Task], jobs: int) -> Iterator[ClipResult]:
    """The results in the order in which they end; a process that is killed costs its clip only."""
    if jobs == 1:
        yield from (result for _, result in parallel_map(_measured, tasks, 1))
        return
    with closing(Processes(jobs).run(_measured, tasks)) as ends:
        for end in ends:
            if isinstance(end, Lost):
                yield ClipResult(end.task.clip, {}, failure=end.why)
            elif end is not None:
                yield end[1]


def chosen(suites: Sequence[Suite], split: Split | None, only: Sequence[str], count: int | None) -> list[BenchClip]:
    """The clips of some suites.

    Args:
        suites: whose.
        split: which split; None for both.
        only: words of which a clip's name, action, camera or person must be or hold one; none for all.
        count: of each suite, the first so many; None for all.
    """
    found = []
    for suite in suites:
        mine = [clip for clip in suite.clips() if split in (None, clip.split)]
        found += [clip for clip in mine if not only or _is_one_of(clip, only)][:count]
    return found


def _is_one_of(clip: BenchClip, only: Sequence[str]) -> bool:
    exact = (clip.name, clip.action, clip.camera, clip.person)
    return any(word in exact or word in clip.name for word in only)


def _measured(task: _Task) -> ClipResult:
    """One clip's result; its motion is kept or made."""
    try:
        prepared = task.settings.prepared(task.suite, task.clip)
        place = task.folder / task.clip.suite / task.clip.name
        seen = _thinned(load(prepared.keypoints), task.settings.every)
        key = _key(task, prepared)
        motion = Motion.load(place / MOTION) if _is_made(place / KEY, key) else _made(task, prepared, seen, place, key)
        truth = prepared.truth.part(slice(None, None, task.settings.every))
        return ClipResult(task.clip, figures_of(motion, truth, seen), _word(motion.report))
    except MotionReconError as error:
        return ClipResult(task.clip, {}, failure=str(error))
    except Exception:  # a fault of the program is a row, too, and the others go on
        return ClipResult(task.clip, {}, failure=traceback.format_exc(limit=-3))


def _made(task: _Task, prepared: PreparedClip, seen: Keypoints, place: Path, key: str) -> Motion:
    """The motion, kept in the clip's place under a key."""
    place.mkdir(parents=True, exist_ok=True)
    save(seen, place / "keypoints.npz")
    given = dict(prepared.given) | (dict(prepared.calibration) if task.settings.calibrated else {})
    video = prepared.video if task.settings.every == 1 else None
    motion = reconstruct(video, keypoints=place / "keypoints.npz", hands=False, **given | dict(task.settings.given))
    motion.save(place / MOTION, force=True)  # what an older state of the code left
    with atomic(place / KEY) as file:
        file.write_text(json.dumps({"key": key}) + "\n", encoding="utf-8")
    return motion


def _thinned(keypoints: Keypoints, every: int) -> Keypoints:
    """Every so many frames of keypoints, without hands; where some are left out, nothing is told of the background."""
    names = ("pixels", "confidence", "points_3d", "tracked")
    kept = {name: getattr(keypoints, name)[::every] for name in names}
    background = keypoints.background if every == 1 else None  # its links are between frames that are left out
    return replace(keypoints, fps=keypoints.fps / every, hands=None, background=background, **kept)


def _is_made(path: Path, key: str) -> bool:
    """Whether an earlier run with the same key left its motion."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("key") == key


def _key(task: _Task, prepared: PreparedClip) -> str:
    """All that a clip's result depends on."""
    parts = [
        asdict(task.clip),
        asdict(task.settings),
        {name: str(value) for name, value in prepared.given.items()},
        sha256(prepared.keypoints),
        code(),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:24]


def code() -> str:
    """A hash of all of motionrecon's code but its research and what is drawn of a result."""
    root = Path(motionrecon.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        room = path.relative_to(root).parts[0]
        if room not in _NO_PART:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


#: Rooms that have no part in a motion.
_NO_PART = ("research", "render", "export", "plots", "batch", "cli", "info.py")


def _word(report: Report) -> str:
    """The report's verdict in a word."""
    return "" if report.verdict is None else str(report.verdict.word)
