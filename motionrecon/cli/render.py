"""``motionrecon render``: a result as a film, an animation or a picture."""

from __future__ import annotations

from pathlib import Path

from motionrecon.cli.command import command
from motionrecon.cli.flags import Switch
from motionrecon.cli.outputs import called_after
from motionrecon.cli.progress import bars
from motionrecon.core.files import check_folder


@command
def render(
    folder: Path,
    output: Path | None = None,
    /,
    *,
    view: str = "overlay",
    height: int | None = None,
    start: float | None = None,
    end: float | None = None,
    at: float | None = None,
    camera_name: str | None = None,
    force: Switch = False,
    quiet: Switch = False,
) -> None:
    """Draw a result as a film, an animation or a picture, with the floor's push in newtons, the time and a legend.

    Needs neither a screen nor a graphics card.

    Args:
        folder: the folder of a result.
        output: the file: .mp4 (H.264), .gif, .webp, or .png, which is one moment; where not given, an .mp4 (of a sheet,
            and with --at, a .png) in the current folder, called after the result and the view.
        view: overlay (the body over the film), side (the body alone, from a camera at right angles to the one that
            filmed: of somebody filmed in profile it shows the front), beside (the film, and that), orbit (the body
            alone, from all around), or sheet (twelve moments at which the person is seen, in one picture).
        height: of the picture, pixels; of each of a sheet's. 720 where not given, and less for .gif and .webp.
        start: where the part that is drawn begins, seconds of the motion, which begins at 0.
        end: where it ends, seconds of the motion.
        at: the moment of a .png, seconds of the motion; the middle where not given.
        camera_name: the camera whose film is shown, where there are several; the first where not given.
        force: replace the file if it is there, but never one that the motion was made from.
        quiet: no progress bars, and do not print the file's name; warnings and errors show.
    """
    from motionrecon.render.rendering import SHEET
    from motionrecon.render.rendering import render as draw
    from motionrecon.result.motion import Motion

    file = output or Path(f"{called_after(folder)}_{view}{'.png' if view == SHEET or at is not None else '.mp4'}")
    check_folder(file)
    draw(
        Motion.load(folder),
        file,
        view=view,
        height=height,
        start=start,
        end=end,
        at=at,
        camera_name=camera_name,
        force=force,
        progress=bars(quiet),
    )
    if not quiet:
        print(file)
