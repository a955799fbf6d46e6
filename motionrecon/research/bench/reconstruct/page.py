"""One self-contained page: the tables, and pictures of every clip, the worst first."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence
from pathlib import Path

from motionrecon.errors import MotionReconError
from motionrecon.research.bench.reconstruct.figures import FIGURES
from motionrecon.research.bench.reconstruct.measure import MOTION, BenchSettings, ClipResult
from motionrecon.research.bench.reconstruct.pictures import as_jpeg, clip_picture
from motionrecon.research.bench.reconstruct.suite import Suite
from motionrecon.research.bench.reconstruct.tables import frame_of, mean_cells
from motionrecon.result.motion import Motion

#: Kept beside a motion, so that it is drawn once.
_PICTURE = "picture.jpg"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #666; --bad: #c22 }
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.5rem; max-width: 120rem }
h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem } h3 { font-size: .95rem; margin: 0 }
pre { white-space: pre-wrap } .wide { overflow-x: auto } .bad { color: var(--bad) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .5rem; text-align: right; border-top: 1px solid var(--line); white-space: nowrap }
th:first-child { text-align: left }
thead th { vertical-align: bottom; white-space: normal; min-width: 3.6rem }
figure { margin: 1.2rem 0; border-top: 1px solid var(--line); padding-top: .6rem }
figure img { max-width: 100%; height: auto } figcaption { color: var(--soft) } b { color: CanvasText; font-weight: 600 }
@media (prefers-color-scheme: dark) { :root { --soft: #aaa; --bad: #f77 } }
"""


def as_page(
    results: Sequence[ClipResult], suites: Sequence[Suite], settings: BenchSettings, folder: Path, head: str
) -> str:
    """The page.

    Args:
        results: of the clips.
        suites: that they are of.
        settings: how they were reconstructed.
        folder: that holds the motions.
        head: what was run, in Markdown's plainest form.
    """
    frame = frame_of(results)
    tables = []
    for (suite, split), group in frame.groupby(["suite", "split"], sort=False):
        tables.append(f"<h2>{html.escape(f'{suite}, {split}')}</h2>")
        tables += [_table(mean_cells(group, by), by) for by in ("action", "camera") if group[by].nunique() > 1]
    by_name = {suite.name: suite for suite in suites}
    figures = [_figure(one, by_name[one.clip.suite], settings, folder) for one in sorted(results, key=_goodness)]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Reconstructions against the truth</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>Reconstructions against the truth</h1><pre>{html.escape(head)}</pre>{''.join(tables)}"
        "<h2>Clips, the worst first</h2><p>At three moments: over the film, from the camera's right side, and from "
        "above. The truth is grey; from the side and above, the motion is moved as a whole to where it is.</p>"
        f"{''.join(figures)}</html>\n"
    )


def _goodness(result: ClipResult) -> float:
    """What clips are sorted by: those that failed first, then by falling MPJPE."""
    error = result.figures.get("mpjpe_mm", math.nan)
    return -math.inf if math.isnan(error) else -error


def _table(cells: dict[str, dict[str, str]], by: str) -> str:
    heads = list(next(iter(cells.values())))
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>{''.join(f'<td>{html.escape(row[head])}</td>' for head in heads)}</tr>"
        for name, row in cells.items()
    )
    top = "".join(f"<th>{html.escape(head)}</th>" for head in (by, *heads))
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>'


def _figure(result: ClipResult, suite: Suite, settings: BenchSettings, folder: Path) -> str:
    clip = result.clip
    title = f"{clip.name.replace('_', ' ')} <b>{html.escape(result.verdict)}</b>"
    about = html.escape(f"{clip.suite}, {clip.split}; {clip.person}, {clip.action}, {clip.camera}; {clip.source}")
    if result.failure:
        reason = html.escape(result.failure)
        return f'<figure><h3>{title}</h3><pre class="bad">{reason}</pre><figcaption>{about}</figcaption></figure>'
    told = ", ".join(
        f"{one.words} <b>{result.figures[name]:.{one.digits}f}</b> {one.unit}"
        for name, one in FIGURES.items()
        if one.main and math.isfinite(result.figures[name])
    )
    image = base64.b64encode(_picture(result, suite, settings, folder)).decode()
    shown = f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{image}">' if image else ""
    return f"<figure><h3>{title}</h3>{shown}<figcaption>{told}<br>{about}</figcaption></figure>"


def _picture(result: ClipResult, suite: Suite, settings: BenchSettings, folder: Path) -> bytes:
    """The picture of a clip, kept beside its motion as long as that is not newer; empty where there is none."""
    motion, kept = folder / result.place / MOTION, folder / result.place / _PICTURE
    try:
        if not kept.exists() or kept.stat().st_mtime < (motion / "report.json").stat().st_mtime:
            prepared = settings.prepared(suite, result.clip)
            kept.write_bytes(as_jpeg(clip_picture(Motion.load(motion), prepared, settings.every)))
        return kept.read_bytes()
    except (OSError, MotionReconError):
        return b""
