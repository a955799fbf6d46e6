"""Cameras calibrated with a chessboard, the exact way: lenses from pictures of it, places from one on the floor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motionrecon.cameras.files import camera_names, load_camera
from motionrecon.cameras.files.names import own_names
from motionrecon.cameras.files.write import write_cameras
from motionrecon.cameras.lens import check_lens, field_of_view
from motionrecon.cameras.pinhole import LEVEL, Pinhole, Uncertainty
from motionrecon.chessboard.board import Board
from motionrecon.chessboard.floor import Standing, standing
from motionrecon.chessboard.intrinsics import Lens, lens
from motionrecon.chessboard.shots import Shots, children, is_picture, look
from motionrecon.core.files import check_free, is_same
from motionrecon.core.progress import Progress, Told, as_progress
from motionrecon.errors import InputError, OutputError

#: Words in the names of files that say what was filmed, not by which camera.
_PURPOSE = re.compile(
    r"(int|intr|intrinsics?|ext|extr|extrinsics?|img|imgs|images?|pics?|pictures?|videos?|calib|calibration|board"
    r"|chess|chessboard|checker|checkerboard|floor)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Calibrated:
    """One camera as it was calibrated.

    Attributes:
        name: what the file calls it.
        camera: its lens and, if the board was seen on the floor, its place.
        lens: how well its lens is known; None where that was given.
        standing: how well its place is known; None where no board lay on the floor.
    """

    name: str
    camera: Pinhole
    lens: Lens | None
    standing: Standing | None

    def __str__(self) -> str:
        parts = [f"field of view {field_of_view(float(self.camera.K[0, 0]), self.camera.image_size):.1f} degrees"]
        if self.lens is not None:
            parts.append(
                f"{self.lens.pictures} pictures, off by {self.lens.error_px:.2f} px, focal length "
                f"{self.camera.K[0, 0]:.0f} px to {100 * self.lens.focal_error:.1f} %"
            )
        if self.standing is not None:
            eye = self.camera.eye[0]
            sure = self.standing.uncertainty
            parts.append(
                f"stands {eye[2]:.2f} m above the floor, {np.hypot(eye[0], eye[1]):.2f} m from the board, to "
                f"{1000 * sure.place:.0f} mm and {sure.rotation:.2f} degrees, off by {self.standing.error_px:.2f} px"
            )
        return f"{self.name}: {'; '.join(parts)}"


def calibrate(
    board: str,
    square: float,
    intrinsics: Sequence[str | Path] = (),
    extrinsics: Sequence[str | Path] = (),
    *,
    camera: str | Path | None = None,
    names: Sequence[str] = (),
    output: str | Path | None = None,
    force: bool = False,
    progress: Progress | Told | None = None,
) -> list[Calibrated]:
    """Calibrate cameras with a chessboard, and write a file that camera=... and Pose2Sim read.

    Move the board before each camera, tilted this way and that, near and far, in all parts of the picture: that tells
    its lens. Then lay it on the floor where all cameras see it, and do not move the cameras any more: that tells where
    they stand. The world is the board's: its first corner is the origin, z is up, and the floor is z = 0 (the board's
    thickness is left out).

    Args:
        board: inner corners along both sides of the chessboard, such as 9x6; a board of 10 by 7 squares has them. One
            number must be even and the other odd, or the board looks the same turned by half a turn.
        square: the side of one square, millimetres.
        intrinsics: for each camera a video of the board, or a folder of pictures; or one folder that holds these.
        extrinsics: for each camera, in the same order, a picture or a video of the board on the floor; or one folder
            that holds these. Where not given, the file tells the lenses only.
        camera: a calibration file that tells the lenses already, instead of intrinsics.
        names: of the cameras; where not given, as the files or folders are called.
        output: the file to write, .toml; where not given, nothing is written.
        force: replace the file if it is there, but never one that the cameras are calibrated from.
        progress: what is told how far it is, and of what is odd.

    Returns:
        The cameras, and how well each is known.

    Raises:
        InputError: the board is not found, or in too few pictures, or does not fit; and what to do.
        OutputError: the file is there already (and not ``force``), or cannot be written.
    """
    told = as_progress(progress)
    chessboard = Board.parsed(board, square)
    if output is not None:
        given = [*intrinsics, *extrinsics, *([] if camera is None else [camera])]
        if any(is_same(Path(output), Path(one)) for one in given):
            raise OutputError(f"{output} is what the cameras are calibrated from; choose another name")
        check_free([Path(output)], force)
    inside, outside = _sources("intrinsics", intrinsics, False), _sources("extrinsics", extrinsics, True)
    called = _names(inside, outside, list(names), camera)
    if len(called) > 1 and outside and chessboard.ambiguous:
        raise InputError(
            f"board={board} looks the same when turned by half a turn, so that cameras cannot agree which side is "
            "which; use a board of which one number of inner corners is even and the other odd, such as 9x6"
        )
    in_file = [None] * len(called) if camera is None else _in_file(Path(camera), called)
    seen, lying = _looked(told, chessboard, inside), _looked(told, chessboard, outside)
    found = []
    for i, name in enumerate(called):
        shown = seen[i] if seen else None, lying[i] if lying else None
        found.append(_one(name, chessboard, *shown, camera, in_file[i], told))
    if output is not None:
        _write(Path(output), found, chessboard)
    return found


def _sources(what: str, given: Sequence[str | Path], single: bool) -> list[Path]:
    """One source for each camera; a folder that holds those of all cameras is opened.

    Args:
        what: the parameter.
        given: its value.
        single: whether a picture is all that a camera needs.
    """
    paths = [Path(path) for path in given]
    if len(paths) != 1 or not paths[0].is_dir():
        for path in paths:
            if not path.exists():
                raise InputError(f"{what}={path} is not there; give a video, a picture or a folder of pictures")
        return paths
    inside = children(paths[0])
    folders = [path for path in inside if path.is_dir()]
    pictures = [path for path in inside if path.is_file() and is_picture(path)]
    films = [path for path in inside if path.is_file() and path.suffix.lower() in _FILMS]
    if folders:
        return folders
    if films or single:
        return films or pictures
    return paths


_FILMS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".mts")


def _names(inside: list[Path], outside: list[Path], names: list[str], camera: str | Path | None) -> list[str]:
    """What the cameras are called."""
    if not inside and camera is None:
        raise InputError(
            "no lens is known: give intrinsics=..., for each camera a video or pictures of the chessboard, or "
            "camera=..., a calibration file"
        )
    if inside and camera is not None:
        raise InputError("give either intrinsics=... or camera=..., not both: each tells the lenses")
    if not inside and not outside:
        raise InputError("nothing to do: give extrinsics=..., for each camera a picture of the chessboard on the floor")
    if inside and outside and len(inside) != len(outside):
        raise InputError(
            f"intrinsics=... has {len(inside)} cameras ({_listed(inside)}), extrinsics=... {len(outside)} "
            f"({_listed(outside)}); give both for each camera, in the same order"
        )
    sources = inside or outside
    if names:
        if len(names) != len(sources) or len(set(names)) != len(names):
            raise InputError(f"names=... has {len(set(names))} names for {len(sources)} cameras; give each its own")
        return names
    stripped = [_stripped(path) for path in sources]
    if inside and outside and stripped != [_stripped(path) for path in outside]:
        theirs = [_stripped(path) for path in outside]
        if sorted(stripped) == sorted(theirs):
            raise InputError(
                f"intrinsics=... is of {', '.join(stripped)}, extrinsics=... of {', '.join(theirs)}: give the cameras "
                "in the same order"
            )
    return stripped if len(set(stripped)) == len(stripped) else own_names(sources)


def _stripped(path: Path) -> str:
    """A source's name without the words that say what it shows: ``int_cam01_img`` is ``cam01``."""
    words = [word for word in re.split(r"[ _\-.]+", path.stem) if word and not _PURPOSE.fullmatch(word)]
    return "_".join(words) or path.stem


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:6]) + (", ..." if len(paths) > 6 else "")


def _in_file(file: Path, called: Sequence[str]) -> list[str | None]:
    """What a calibration file calls the cameras; None for the only one of a file that holds one.

    Raises:
        InputError: the file cannot be read, or it is not of these cameras.
    """
    known = camera_names(file)
    if len(known) == 1 and len(called) == 1:
        return [None]
    if len(known) == 1:
        raise InputError(
            f"camera={file} holds one camera, and there are {len(called)} ({', '.join(called)}), each with a lens of "
            "its own; give a file that holds all of them, or intrinsics=..."
        )
    for name in called:
        if name not in known:
            raise InputError(
                f"camera={file} holds no {name}; its cameras are {', '.join(known)}: say with names=... which of them "
                "is which, in the order of extrinsics=..."
            )
    return list(called)


def _looked(told: Progress, board: Board, sources: Sequence[Path]) -> list[Shots]:
    found = []
    for source in sources:
        with told.stage(f"chessboard in {source.name}", None) as advance:
            found.append(look(source, board, advance))
    return found


def _one(
    name: str,
    board: Board,
    seen: Shots | None,
    lying: Shots | None,
    file: str | Path | None,
    in_file: str | None,
    told: Progress,
) -> Calibrated:
    """One camera, whose lens stands in a file under that name unless the board was ``seen``."""
    size = (seen or lying).image_size  # type: ignore[union-attr]
    if seen is not None and lying is not None and lying.image_size != size:
        theirs, ours = ("{} x {}".format(*one.image_size) for one in (lying, seen))
        raise InputError(
            f"{name}: {lying.source} has {theirs} pixels, {seen.source} has {ours}; film the chessboard with the same "
            "setting, held the same way, as the motion"
        )
    of_lens = None
    if seen is not None:
        of_lens = lens(name, seen, board)
        camera = Pinhole(of_lens.K, size, LEVEL, np.zeros(3), of_lens.distortion)
        for text in (*of_lens.warnings, *check_lens(name, of_lens.K, size, of_lens.distortion)):
            told.warn(text)
    else:
        assert file is not None
        camera = replace(load_camera(Path(file), in_file, size, told), calibrated=False)
    if lying is None:
        return Calibrated(name, camera, of_lens, None)
    stands = standing(name, lying, board, camera)
    for text in stands.warnings:
        told.warn(text)
    return Calibrated(name, stands.camera, of_lens, stands)


def _write(path: Path, found: Sequence[Calibrated], board: Board) -> None:
    """The file of all cameras."""
    standing = {one.name: one.standing for one in found if one.standing is not None}
    uncertainty: dict[str, Uncertainty] = {name: one.uncertainty for name, one in standing.items()}
    errors = [one.error_px for one in standing.values()] or [one.lens.error_px for one in found if one.lens is not None]
    where = "; the world is that of the board on the floor, z up" if standing else "; where they stand is not known"
    write_cameras(
        path,
        {one.name: one.camera for one in found},
        posed=bool(standing),
        uncertainty=uncertainty,
        error_px=float(np.mean(errors)) if errors else None,
        remarks=[f"motionrecon calibrate: a chessboard of {board.name}, squares of {1000 * board.square:g} mm{where}"],
    )
