"""The files of a motion: ``motion.npz``, ``model.xml`` and ``report.json`` in one folder, tied to each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionrecon.core.files import JSON_LIMIT, atomic, read_arrays, read_text, reason, write_arrays
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError
from motionrecon.result import model_check, ties
from motionrecon.result.derived import derived
from motionrecon.result.folder import read_marker
from motionrecon.result.report import Report
from motionrecon.result.schema import arrays_of, fields_of, names_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

ARRAYS, MODEL, REPORT = "motion.npz", "model.xml", "report.json"
#: What `save` writes, in its order.
FILES = (MODEL, ARRAYS, REPORT)

_REPAIR = "run `motionrecon reconstruct` again"


def save(motion: Motion, folder: Path) -> None:
    """Write a motion into a folder; ``report.json``, which ties the others, comes last.

    Raises:
        OutputError: the folder cannot be written.
    """
    with atomic(folder / MODEL) as path:
        path.write_text(motion.model_xml, encoding="utf-8")
    write_arrays(folder / ARRAYS, arrays_of(motion) | derived(motion))
    report = ties.tied(_plain(motion.report), folder, (ARRAYS, MODEL))
    with atomic(folder / REPORT) as path:
        path.write_text(report, encoding="utf-8")


def load(kind: type[Motion], path: Path) -> Motion:
    """The motion of a folder, or of the ``motion.npz`` in it, with all of it checked.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others.
    """
    folder = path.parent if path.name == ARRAYS else path
    arrays = _read_arrays(folder / ARRAYS, names_of(kind))
    report = _read_report(folder / REPORT)
    calibrated = report.camera is not None and report.camera.pose == "calibrated"
    try:
        fields = fields_of(kind, arrays, calibrated)
        motion = kind(**fields, model_xml=_read_text(folder / MODEL, model_check.LIMIT), report=report)
    except ValueError as error:
        raise InputError(f"{folder / ARRAYS}: {error}; {_REPAIR}") from error
    _check_model(motion, folder / MODEL)
    return motion


def _plain(value: Any) -> Any:
    """``value`` with nothing in it that JSON does not know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def _check_model(motion: Motion, path: Path) -> None:
    """Raise InputError unless ``model.xml`` compiles and fits the arrays beside it."""
    import mujoco

    try:
        model_check.check(motion.model_xml)
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error
    try:
        model = motion.model
    except ValueError as error:
        raise InputError(f"{path}: MuJoCo cannot read it: {' '.join(str(error).split())}; {_REPAIR}") from error
    try:
        _ = motion.body.landmarks, motion.body.marks, motion.body.soles, motion.body.skeleton
    except KeyError as error:  # MuJoCo's message goes on with all the names that there are
        missing = str(error.args[0]).partition(". Valid")[0]
        raise InputError(f"{path}: a part of the body has another name: {missing}; {_REPAIR}") from None
    found, wanted = (model.nq, model.nv, model.nu), (motion.qpos.shape[1], motion.qvel.shape[1], motion.ctrl.shape[1])
    if found != wanted:
        raise InputError(f"{path}: the model has (nq, nv, nu) = {found}, the motion beside it {wanted}; {_REPAIR}")
    if not np.isclose(model.opt.timestep, motion.timestep, rtol=1e-9):
        raise InputError(
            f"{path}: the model's timestep is {model.opt.timestep}, the motion's {motion.timestep}; {_REPAIR}"
        )
    for name in motion.contact_names:
        if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, name) < 0:
            raise InputError(f"{path}: the model has no geom {name!r} that 'contact_names' lists; {_REPAIR}")


def _read_arrays(path: Path, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    try:
        return read_arrays(path, wanted=wanted)
    except OSError as error:
        hint = "give the folder that `motionrecon reconstruct` wrote"
        raise InputError(f"cannot read {path}: {reason(error)}; {hint}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not a readable motion file ({error}); {_REPAIR}") from error


def _read_text(path: Path, limit: int) -> str:
    try:
        return read_text(path, limit)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}; it belongs beside {ARRAYS}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error


def _read_report(path: Path) -> Report:
    """The report; warns where it says that a file beside it was changed."""
    text = _read_text(path, JSON_LIMIT)
    try:
        written = (read_marker(path.parent) or {}).get("files")
        report, warnings = ties.untied(text, path.parent, (ARRAYS, MODEL), written)
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error
    if not isinstance(report, dict):
        raise InputError(f"{path}: holds {type(report).__name__}, not an object; {_REPAIR}")
    try:
        known = Report.of(report)
    except ValueError as error:
        raise InputError(f"{path}: {error}; {_REPAIR}") from error
    for warning in warnings:
        Silent().warn(f"{path.parent}: {warning}")
    return known
