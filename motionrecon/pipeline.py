"""The main job, top to bottom as in the README's picture: a video in, a simulated motion out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motionrecon.core.blas import one_thread
from motionrecon.core.progress import Progress, Silent
from motionrecon.keypoints.observe import look, observe
from motionrecon.kinematics.stage import fit
from motionrecon.options import Options
from motionrecon.physics.windows.stage import simulate
from motionrecon.result.assemble import assemble
from motionrecon.result.motion import Motion
from motionrecon.result.publish import claim, publish
from motionrecon.run import Run


def reconstruct(
    video: str | Path | None = None,
    *,
    output: str | Path | None = None,
    progress: Progress | None = None,
    **given: Any,
) -> Motion:
    """Reconstruct the motion of the person in a video.

    Args:
        video: a video file; may be left out where ``keypoints`` are given.
        output: a folder for the result, which is made; None writes nothing.
        progress: told of every stage; None for silence (warnings go to the log).
        **given: the fields of `motionrecon.options.Options`: ``height=1.8``, ``camera="calib.toml"``, ...

    Returns:
        The motion; its ``report`` says how good it is.

    Raises:
        InputError: something that was given cannot be used.
        OutputError: the result cannot be written.
        ModelError: the detector's model cannot be had.
    """
    options = Options.of(**given).check()
    run = Run(progress or Silent())
    source = look(run, None if video is None else Path(video), options)  # what cannot work fails before any work
    with claim(run, output, source, options) as folder:
        views = observe(run, source, options)
        with one_thread():
            figure = fit(run, views, options)
            stretch = simulate(run, figure, options)
        motion = assemble(run, source, options, figure, stretch)
        publish(run, folder, source, options, motion)
    return motion
