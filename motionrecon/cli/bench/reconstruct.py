"""``motionrecon bench reconstruct``: the main job on clips whose truth is known."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from motionrecon.cli.bench.common import check_counts, command_line
from motionrecon.cli.command import command
from motionrecon.cli.flags import Many, Output, Switch
from motionrecon.cli.outputs import check_made_folder
from motionrecon.cli.progress import lines
from motionrecon.errors import InputError


@command
def reconstruct(
    *,
    suites: Many[str] = (),
    split: str = "tuning",
    only: Many[str] = (),
    clips: int | None = None,
    data: Many[str] = (),
    body: str | None = None,
    detector: str = "full",
    calibrated: Switch = False,
    physics: bool = True,
    every: int = 1,
    given: Many[str] = (),
    pictures: bool = True,
    jobs: int = 0,
    output: Output = None,
    quiet: Switch = False,
) -> int:
    """Reconstruct clips of people whose motion, and at times whose forces, are known, and tell how far off it is.

    Writes reconstruct.csv, .json and .md, a page of pictures with the worst first (reconstruct.html), and the motions.
    Clips are rendered or fetched once and kept in the user's cache folder; an interrupted run is resumed by repeating
    it, and a clip that fails does not stop the others (the exit status is then 1).

    Args:
        suites: names of suites; all where not given.
        split: tuning, test (nothing may ever be chosen by it), or both.
        only: names of clips or parts of them, or their actions, cameras or persons; all where not given.
        clips: of each suite at most so many; the first ones are a mixture.
        data: SUITE=FOLDER, the data of a suite where it is not in the cache folder.
        body: kind of the persons' bodies; that of reconstruct where not given.
        detector: full or heavy.
        calibrated: tell where the camera stands, not only how tall the person is.
        physics: simulate the motions.
        every: use every so many frames only.
        given: NAME=VALUE, another option of reconstruct, for all clips.
        pictures: write the page of pictures.
        jobs: clips at once; one for each core where not given.
        output: the folder for the result; reconstruct_bench in the current folder where not given.
        quiet: no progress and no summary.
    """
    from motionrecon.research.bench.reconstruct.told import options_of

    check_counts(every=every, clips=clips)
    check_counts(0, jobs=jobs)
    check_made_folder(output)
    flags = ({} if body is None else {"body": body}) | ({} if physics else {"physics": False})
    options = options_of(given, flags | {"detector": detector}) | flags
    if calibrated and (known := {"camera", "camera_name", "fov", "focal_px"} & options.keys()):
        raise InputError(f"calibrated=True tells all of the camera: leave {min(known)} out of given=...")
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")  # renders without a screen; read when MuJoCo is first imported
    from motionrecon.data.suites import chosen_suites
    from motionrecon.research.bench.reconstruct import report
    from motionrecon.research.bench.reconstruct.measure import BenchSettings

    text, failed = report.main(
        output or Path("reconstruct_bench"),
        chosen_suites(suites, data),
        BenchSettings(detector, calibrated, every, options),
        split=split,
        only=only,
        clips=clips,
        jobs=jobs,
        pictures=pictures,
        command=command_line(),
        say=lines(quiet),
    )
    if not quiet:
        print(text)
    return 1 if failed else 0
