"""The calibration of a trial, and which of its cameras took which film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motionrecon.cameras.files import camera_names
from motionrecon.cameras.files.names import matched
from motionrecon.errors import InputError
from motionrecon.projects.pose2sim.trial import Trial, entries, pairs

#: Calibrations that are read where there is no TOML, in this order.
_CALIBRATIONS = ("*.toml", "*.qca.txt*", "*.json", "*.yaml", "*.xml")
_LOOKED_FOR = f"looked for {', '.join(pattern.strip('*') for pattern in _CALIBRATIONS)}"


def cameras_of(trial: Trial, paths: Sequence[Path]) -> dict[str, Any]:
    """The calibration, and which of its cameras took each video: told by the names, else by the order."""
    file = _calibration(trial)
    if file is None:
        return {}
    known = camera_names(file)
    in_order = len(known) == len(paths)
    try:
        names = matched(file, known, paths)
    except InputError as error:
        if not in_order:
            raise trial.error(
                f"{file} holds {len(known)} cameras ({', '.join(known)}), and there are videos or keypoints of "
                f"{len(paths)} ({', '.join(path.name for path in paths)}), which are not called as they are"
            ) from error
        names = known
        trial.remark("camera_name", f"cameras are matched to videos in their order: {pairs(paths, names)}")
    else:
        if in_order and names != known:
            trial.remark(
                "camera_name", f"cameras are matched by name, where Pose2Sim goes by order: {pairs(paths, names)}"
            )
    return {"camera": str(file), "camera_name": names}


def _calibration(trial: Trial) -> Path | None:
    """The calibration file: the newest TOML, as Pose2Sim takes it, else what it would convert."""
    named = trial.said("calib_folder_name")
    for level in trial.levels:
        folders = [one for one in entries(level) if one.is_dir() and "calib" in one.name.lower()]
        folders.sort(key=lambda one: (one.name != named, one.name))
        for folder in folders[:1]:
            for pattern in _CALIBRATIONS:
                files = sorted((file.stat().st_mtime, file) for file in folder.glob(pattern) if file.is_file())
                if files:
                    newest = files[-1][1]
                    if len(files) > 1:
                        trial.remark("camera", f"{newest} is taken, the newest of {len(files)} calibrations there")
                    return newest
            if any(one.is_file() for one in entries(folder)):
                raise trial.error(
                    f"{folder} holds no calibration that can be read ({_LOOKED_FOR}); run "
                    "Pose2Sim.calibration(), which writes the TOML"
                )
    trial.remark(
        "camera",
        f"it has no calibration ({_LOOKED_FOR} in a folder with calib in its name, here and above)",
    )
    return None
