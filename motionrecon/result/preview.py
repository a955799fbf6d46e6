"""The motion that a reconstruction has found so far, before it is one: for whoever watches."""

from __future__ import annotations

from motionrecon.errors import InputError
from motionrecon.physics.windows.stretch import Stretch
from motionrecon.result.assemble import cameras_of, motion_of
from motionrecon.result.frames import frames_of
from motionrecon.result.motion import Motion
from motionrecon.result.report import ClipSource, FrameCounts, Report
from motionrecon.so_far import SoFar


def preview(so_far: SoFar, before: Motion | None = None) -> Motion:
    """The motion so far: simulated as far as the windows have come, kinematic from there on.

    Its report says what was filmed and how fast, and nothing of how good it is.

    Args:
        so_far: what was found.
        before: an earlier one of the same run, whose body need not be read again.

    Raises:
        InputError: there is no motion yet.
    """
    if so_far.motion is not None:
        return so_far.motion
    figure, source, options = so_far.figure, so_far.source, so_far.options
    if figure is None:
        raise InputError("there is no motion yet: the kinematic fit has not ended")
    stretch = so_far.stretch or Stretch.empty(figure)
    film = None if source.leader.video is None else str(source.leader.path.resolve())
    clock = figure.clock
    made = Report(
        source=ClipSource(video=film, sha256=None, start=options.start, end=options.end),
        cameras=cameras_of(source, figure, None) if len(figure.views) > 1 else None,
        frames=FrameCounts(
            total=len(figure),
            tracked=int(figure.seen.sum()),
            simulated=len(stretch.simulated_frames),
            fps=clock.fps,
            film_fps=clock.film_fps,
        ),
    )
    motion = motion_of(figure, stretch, frames_of(figure, stretch), made)
    if before is not None and before.model_xml == motion.model_xml:
        vars(motion)["body"] = before.body
    return motion
