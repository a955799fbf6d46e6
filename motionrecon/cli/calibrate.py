"""``motionrecon calibrate``: cameras from films of a chessboard."""

from __future__ import annotations

from pathlib import Path

from motionrecon.cli.command import command
from motionrecon.cli.flags import Many, Output, Switch
from motionrecon.cli.progress import bars
from motionrecon.core.files import check_folder


@command
def calibrate(
    *,
    board: str,
    square: float,
    intrinsics: Many[Path] = (),
    extrinsics: Many[Path] = (),
    camera: Path | None = None,
    names: Many[str] = (),
    output: Output = None,
    force: Switch = False,
    quiet: Switch = False,
) -> None:
    """Calibrate cameras with a chessboard; --camera of reconstruct reads the file that this writes, as does Pose2Sim.

    First film the board with each camera by itself, tilted this way and that, near and far, in all parts of the
    picture: that tells its lens. Then lay it on the floor where all cameras see it, and do not move the cameras any
    more: that tells where they stand. The world is the board's: z is up, and the floor is z = 0.

    Args:
        board: inner corners along both sides of the board, as 9x6: one less than squares. One number must be even and
            the other odd, or the board looks the same turned by half a turn.
        square: the side of a square, millimetres.
        intrinsics: for each camera a video of the board, or a folder of pictures; or one folder that holds these.
        extrinsics: for each camera, in the same order, a picture or a video of the board on the floor; or one folder
            that holds these. Where not given, the file tells the lenses only.
        camera: a calibration file that tells the lenses already, instead of --intrinsics.
        names: of the cameras; where not given, as the files or folders are called.
        output: the file to write; Calib.toml in the current folder where not given.
        force: replace the file if it is there, but never one that the cameras are calibrated from.
        quiet: no progress bars and no summary; warnings and errors show.
    """
    from motionrecon.chessboard import calibrate as measure

    file = output or Path("Calib.toml")
    check_folder(file)
    found = measure(
        board,
        square,
        intrinsics,
        extrinsics,
        camera=camera,
        names=names,
        output=file,
        force=force,
        progress=bars(quiet),
    )
    if not quiet:
        print("\n".join(map(str, found)))
        print(f"{file}: give it to reconstruct with --camera")
