"""Two people who walk and one who runs, from OpenSim's example data, fetched to the user's machine when first used.

The files stand in the repository opensim-org/opensim-models, which gives them no licence of their own: they are
measured with, and never copied into this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from motionrecon.core.files import sha256
from motionrecon.errors import InputError
from motionrecon.research.bench.reconstruct.suite import Split

_URL = (
    "https://raw.githubusercontent.com/opensim-org/opensim-models/20a888b9655e73fb84963d6e03eee3752cf6074b/Pipelines/"
)
#: Where each file stands in that repository, and its SHA-256.
FILES: dict[str, tuple[str, str]] = {
    "motion_capture_walk.trc": (
        "Rajagopal/ExpData",
        "fb2757ff812c6cc18d942aba7e9f9acfb3d921fd2d4ccafd5fdf47bb90aaa50e",
    ),
    "grf_walk.mot": ("Rajagopal/ExpData", "570d1573242d7d4bf657abf04bac53706a3a3708fdbd86e86960a854e14bd3fa"),
    "static_walk_1.trc": ("Rajagopal/ExpData", "8ff9c30d14e6d9da82bcf0d4a23f1dd283603ae1093d4aad1badf521df1b9ffe"),
    "motion_capture_run.trc": (
        "Rajagopal/ExpData",
        "e2f599a5addd5d3657e2d35301b365d199eb6554f45e3dd527381f2da0c111a1",
    ),
    "grf_run.mot": ("Rajagopal/ExpData", "337b6288700359a87f048dab56e5344ad24e6ea75170ee48f1a53f2712ad68b4"),
    "static_run.trc": ("Rajagopal/ExpData", "bc32d06701d8230a395fcdd42c856cfae4787a1bd1420b95b3f0f59331296eef"),
    "subject01_walk1.trc": ("Gait2354_Simbody", "b7ff1d0fee39a6b035f898b38c55d4f58ac3c941be5f83c3b4849e9bc5f9aad4"),
    "subject01_walk1_grf.mot": (
        "Gait2354_Simbody",
        "c3b5b46c64e958832f402687c328ca0f6fe132ebd8ccdf613600c5422d4a2a81",
    ),
    "subject01_static.trc": ("Gait2354_Simbody", "8e55e20f0f468df98429c895a094135316adba3e9b475a75096a91da18c5bdf7"),
}


@dataclass(frozen=True)
class Trial:
    """One recording.

    Attributes:
        markers, static, forces: names of the files of the motion, of the person standing still, and of the plates.
        kind: of `motionrecon.data.suites.plates.markers.SETS`.
        left, right: beginnings of the columns of the force on each foot.
        mass, height: kilograms (by the scaling setup beside the data; the plates' mean over a stride agrees), metres.
        treadmill: the belt's speed is added to x, so that the floor stands still.
        span: seconds of the recording that are filmed.
        valid: seconds in which the plates hold the left foot, and the right one.
        far: distance of a camera at the side, metres.
        split: what it may be used for.
    """

    markers: str
    static: str
    forces: str
    kind: str
    left: str
    right: str
    mass: float
    height: float
    treadmill: bool
    span: tuple[float, float]
    valid: tuple[tuple[float, float], tuple[float, float]]
    far: float
    split: Split

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """Names of the columns of the force on the left, and on the right foot."""
        return tuple(tuple(f"{stem}v{axis}" for axis in "xyz") for stem in (self.left, self.right))

    @property
    def points(self) -> tuple[tuple[str, ...], ...]:
        """Names of the columns of where it acts."""
        return tuple(tuple(f"{stem}p{axis}" for axis in "xyz") for stem in (self.left, self.right))


TRIALS: dict[str, Trial] = {
    "walk11": Trial(
        markers="motion_capture_walk.trc",
        static="static_walk_1.trc",
        forces="grf_walk.mot",
        kind="walk",
        left="ground_force_l_",
        right="ground_force_r_",
        mass=85.0668,
        height=1.829,
        treadmill=False,
        span=(0.0, 2.37),
        valid=((0.45, 1.96), (0.05, 2.32)),
        far=5.0,
        split=Split.TEST,
    ),
    "walk01": Trial(
        markers="subject01_walk1.trc",
        static="subject01_static.trc",
        forces="subject01_walk1_grf.mot",
        kind="gait",
        left="1_ground_force_",
        right="ground_force_",
        mass=72.6,
        height=1.8034,
        treadmill=True,
        span=(0.0, 2.5),
        valid=((0.1, 2.4), (0.1, 2.4)),
        far=5.0,
        split=Split.TUNING,
    ),
    "run": Trial(
        markers="motion_capture_run.trc",
        static="static_run.trc",
        forces="grf_run.mot",
        kind="run",
        left="L_ground_force_",
        right="R_ground_force_",
        mass=72.84,
        height=1.80,
        treadmill=True,
        span=(0.45, 2.25),
        valid=((0.55, 2.15), (0.55, 2.15)),
        far=7.5,
        split=Split.TUNING,
    ),
}


def fetched(trial: Trial, folder: Path) -> None:
    """Bring a trial's files into a folder, where they are not there already.

    Raises:
        InputError: a file cannot be had, or is not the one that this recipe was written for.
    """
    for name in (trial.markers, trial.static, trial.forces):
        inside, digest = FILES[name]
        path = folder / name
        if not path.exists():
            _fetch(f"{_URL}{inside}/{name}", digest, path)
        elif (found := sha256(path)) != digest:
            raise InputError(f"{path} has sha256 {found}, expected {digest}; delete it, and it is fetched")


def _fetch(url: str, digest: str, path: Path) -> None:
    import logging

    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # it announces each download
    try:
        pooch.retrieve(url, f"sha256:{digest}", path.name, path.parent, progressbar=False)
    except ValueError as error:
        raise InputError(f"{url} is another file than expected (its SHA-256 differs)") from error
    except OSError as error:  # those of requests, which pooch uses, are OSErrors, and say the same over and over
        raise InputError(f"{url} is not reachable; put it at {path}, or name its folder with --data") from error
