"""``motionrecon reconstruct --list-people``: everybody in a video, with their numbers."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from motionrecon import pipeline
from motionrecon.cli.progress import bars
from motionrecon.errors import InputError


def print_people(video: Path | list[Path] | None, folder: Path | None, quiet: bool, **given: Any) -> None:
    """Print everybody in a video, and draw them into a picture beside the folder of the result."""
    from motionrecon import keypoints

    if video is None:
        raise InputError("--list-people needs the video, to draw the people into its pictures")
    progress = bars(quiet)
    if isinstance(video, list) or video.is_dir() or video.suffix == ".toml":
        from motionrecon.rig.listing import list_everybody

        defaults = {name: p.default for name, p in inspect.signature(pipeline.reconstruct).parameters.items()}
        everything = defaults | given | {"video": video}
        lines, pictures = list_everybody(everything, (folder or Path()).parent, progress)
        print("\n".join(lines))
        shown = ", ".join(map(str, pictures))
        print(
            f"{shown} show them; choose with --person NUMBER, the same for all videos, or give it for each by its own, "
            "with the same --start and --end"
        )
        return
    picture = (folder or Path()).parent / f"{video.stem}_people.png"
    chosen = {name: given[name] for name in ("keypoints", "detector", "start", "end") if given.get(name) is not None}
    for line in keypoints.list_people(video, picture, progress=progress, **chosen):
        print(line)
    print(f"{picture} shows them, smaller than the film; choose with --person NUMBER, with the same --start and --end,")
    print("or with --person X,Y, in pixels of the film")
