"""The four films of a man who balances, and where their cameras stand: the demo of Pose2Sim (BSD 3-Clause)."""

from __future__ import annotations

from pathlib import Path

from motionrecon.core.files import atomic, sha256
from motionrecon.data.wheels import wheel_of
from motionrecon.errors import InputError

WHEEL = "pose2sim==0.10.49"
_INSIDE = "Pose2Sim/Demo_SinglePerson"
CALIBRATION = "Calib.qca.txt"
#: Where each file stands in the wheel, and its SHA-256.
FILES: dict[str, tuple[str, str]] = {
    "cam01.mp4": ("videos", "cf4f2816c86bea4bfbea255333d8626ff32a3ecabdab8b0fb147cea9167fde3a"),
    "cam02.mp4": ("videos", "94ff87cf978b8406e8aa36ab3c5362e72848994e87652f0dc7a33c315e8e0442"),
    "cam03.mp4": ("videos", "b8b329f832f178f27ecb78d024d5026b96c6adb36c387bfe2c0af85eab8a11ca"),
    "cam04.mp4": ("videos", "b5c0e7863fd70d008e7178d3c556b045b0ea5f78fcd61ca548a0b2e807e641f7"),
    CALIBRATION: ("calibration", "fd90e4bbae3278ef1dc0cdd42a34ee06bf88286f628a02c00a29407aa39e34c5"),
}


def fetched(folder: Path) -> None:
    """Bring all files into a folder, where they are not there already, with the user's own pip.

    Raises:
        InputError: pip failed, or a file is not the one that this recipe was written for.
    """
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with wheel_of(WHEEL, f"put its files into {folder}") as wheel:
            for name in missing:
                with atomic(folder / name) as file:
                    file.write_bytes(wheel.read(f"{_INSIDE}/{FILES[name][0]}/{name}"))
    for name, (_, digest) in FILES.items():
        if (found := sha256(folder / name)) != digest:
            raise InputError(f"{folder / name} has sha256 {found}, expected {digest}; delete it, and it is fetched")
