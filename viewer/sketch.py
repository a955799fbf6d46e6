"""What the page shows of a reconstruction that has no motion yet: the film, and soon the keypoints in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from motionrecon.result.films import Film
from motionrecon.viewer.document import Document, ResultEntry
from motionrecon.viewer.filming import filming
from motionrecon.viewer.keys import keys_of
from motionrecon.viewer.start_view import StartView

if TYPE_CHECKING:
    from motionrecon.so_far import SoFar
    from motionrecon.source import Source
    from motionrecon.views import View

#: Where the eye stands while there is nobody to look at, metres.
_START = StartView(np.array([3.5, -2.5, 1.6]), np.array([0.0, 0.0, 0.9]), float(np.radians(40.0)), False)


def film_of(source: Source) -> tuple[Film, int]:
    """The film of the first camera, and the number of the motion's frames."""
    leader, clock = source.leader, source.leader.clock
    film = leader.path if leader.video is not None else None
    if leader.keypoints is not None:
        count = len(leader.keypoints)
    else:
        assert leader.video is not None
        count = len(leader.video.frame_range(leader.start, leader.end))
    return Film(leader.name, leader.camera, film, clock.shown_at(0), clock.shown_fps), count


def sketch_of(so_far: SoFar, name: str, missing: str) -> Document:
    """The page before there is a motion: seen through the first camera.

    Args:
        so_far: what is known.
        name: what the result will be called.
        missing: why there is no film; empty where there is one.
    """
    film, count = film_of(so_far.source)
    view = None if so_far.views is None else so_far.views[0]
    seen = np.ones(count, np.uint8) if view is None else view.seen.astype(np.uint8)
    camera = filming(film.camera, film.name, missing)
    result = ResultEntry(
        name=name,
        fps=so_far.source.leader.clock.fps,
        count=count,
        weight=0.0,
        path=np.zeros((count, 2), np.float32),
        facing=np.zeros(count, np.float32),
        tracked=seen,
        simulated=np.ones(count, np.uint8),
        pending=np.ones(count, np.uint8),
        tracks={},
        parts={},
        stretches=(),
        charts=(),
        films=(camera if view is None else replace(camera, points=_points(view, film)),),
        facts=(),
    )
    return Document(name, (), (result,), keys_of((), 1), _START, through=0, running=True)


def _points(view: View, film: Film) -> Float32[np.ndarray, "T 33 2"]:
    """The keypoints of a view, as shares of its picture."""
    return np.asarray((view.pixels + 0.5) / np.array(film.camera.image_size), np.float32)
