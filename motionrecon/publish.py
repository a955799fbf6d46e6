"""The last stage: all files of the result, which appear in its folder together."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from motionrecon.body import checked
from motionrecon.options import Options
from motionrecon.result.folder import ResultFolder
from motionrecon.result.motion import Motion
from motionrecon.result.schema import CameraArrays
from motionrecon.run import Run
from motionrecon.source import Source

#: The calibration file of cameras whose places were found.
_RIG = "cameras.toml"


def claim(
    run: Run, output: str | Path | None, source: Source, options: Options
) -> AbstractContextManager[ResultFolder | None]:
    """Hold the output folder against other runs; the stages keep their checkpoints in it. None writes nothing.

    A run that is refused leaves nothing in it, and one whose motion could not be kept is refused before its work.
    """
    for recording in source.recordings:
        CameraArrays.of(recording.camera)
    if output is None:
        return nullcontext()
    of = [f" of {one.name}" if one.name else "" for one in source.recordings]
    videos = {f"the video{of[i]}": one.path for i, one in enumerate(source.recordings) if one.video is not None}
    keypoints = {f"keypoints=...{of[i]}": path for i, path in enumerate(options.keypoints)}
    inputs = videos | keypoints | ({} if options.camera is None else {"camera=...": options.camera})
    if (body_file := checked(options.body, options.body_model, options.sex)) is not None:
        inputs["body_model=..."] = body_file
    more = () if source.posed else (_RIG,)
    folder = ResultFolder.claim(output, force=options.force, inputs=inputs, options=options.to_dict(), more=more)
    run.cache = folder.cache
    return folder


def publish(run: Run, folder: ResultFolder | None, source: Source, options: Options, motion: Motion) -> None:
    """Write the motion with everything that is made of it."""
    if folder is None:
        return
    from motionrecon.render import write_overlay

    videos = [None if one.video is None else one.path for one in source.recordings]
    with folder.publish() as scratch:
        with run.timed("output"):
            motion.to_bvh(scratch / "motion.bvh")
            write_overlay(motion, videos, scratch / "overlay.mp4", run.progress, start=options.start, end=options.end)
        _write_rig(motion, options, scratch / _RIG)
        motion.save(scratch)


def _write_rig(motion: Motion, options: Options, path: Path) -> None:
    """A calibration file of cameras whose places were found, for other films by the same ones on their tripods."""
    found = [one for one in motion.report.cameras or () if one.rotation_error_deg is not None]
    if not found:
        return
    from motionrecon.cameras.carried import Carried
    from motionrecon.cameras.files.write import Assumptions, write_cameras
    from motionrecon.cameras.pinhole import Pinhole, Uncertainty

    stand = [camera.start if isinstance(camera, Carried) else camera for camera in motion.cameras]
    pairs = zip(found, stand, strict=True)
    cameras = {one.name: camera for one, camera in pairs if isinstance(camera, Pinhole)}
    errors = {one.name: Uncertainty(one.rotation_error_deg or 0.0, one.place_error_m or 0.0) for one in found}
    away = [one.reprojection_px for one in found if one.reprojection_px is not None]
    height = f"{options.height:.2f} m, the height that was {'given' if options.height_given else 'assumed'} for them"
    write_cameras(
        path,
        cameras,
        uncertainty=errors,
        error_px=float(np.mean(away)) if away else None,
        assumed=Assumptions(
            None if options.height_given else float(options.height), any(one.focal_length == "assumed" for one in found)
        ),
        remarks=[f"found by motionrecon from the person who was filmed; scaled by {height}"],
    )
