"""The last stage: all files of the result, which appear in its folder together."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from motionrecon.observe import Source
from motionrecon.options import Options
from motionrecon.result.folder import ResultFolder
from motionrecon.result.motion import Motion
from motionrecon.result.schema import CameraArrays
from motionrecon.run import Run


def claim(
    run: Run, output: str | Path | None, source: Source, options: Options
) -> AbstractContextManager[ResultFolder | None]:
    """Hold the output folder against other runs; the stages keep their checkpoints in it. None writes nothing.

    A run that is refused leaves nothing in it, and one whose motion could not be kept is refused before its work.
    """
    CameraArrays.of(source.camera)
    if output is None:
        return nullcontext()
    video = None if source.video is None else source.video.path
    given = {"the video": video, "keypoints=...": options.keypoints, "camera=...": options.camera}
    inputs = {name: path for name, path in given.items() if path is not None}
    folder = ResultFolder.claim(output, force=options.force, inputs=inputs, options=options.to_dict())
    run.cache = folder.cache
    return folder


def publish(run: Run, folder: ResultFolder | None, source: Source, options: Options, motion: Motion) -> None:
    """Write the motion with everything that is made of it."""
    if folder is None:
        return
    from motionrecon.render import write_overlay

    video = None if source.video is None else source.video.path
    with folder.publish() as scratch:
        with run.timed("output"):
            motion.to_bvh(scratch / "motion.bvh")
            write_overlay(motion, video, scratch / "overlay.mp4", run.progress, start=options.start, end=options.end)
        motion.save(scratch)
