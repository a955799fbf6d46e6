"""The folder of a training, whatever is trained: settings, log and checkpoint, from which it goes on to the bit."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.research.training.settings import TrainingSettings


def begin(folder: Path, settings: TrainingSettings) -> None:
    """Make the folder, with its settings and an empty log."""
    with atomic(folder / "settings.json") as path:
        path.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    with atomic(folder / "log.jsonl") as path:
        path.write_text("", encoding="utf-8")


def save_checkpoint(path: Path, settings: TrainingSettings, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Write tensors, and facts that JSON can hold."""
    # safetensors refuses tensors that share memory, and one atomic file cannot disagree with itself
    tensors = {key: value.detach().cpu().clone().contiguous() for key, value in tensors.items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, {"facts": json.dumps(facts), "settings": json.dumps(asdict(settings))})


def load_checkpoint(path: Path, settings: TrainingSettings) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """Facts and tensors of a checkpoint; None where there is none.

    Raises:
        InputError: the file is no checkpoint, or of a training with other settings; those that such a training does
            not have, which an older version may have kept otherwise, do not count.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
        facts, saved = json.loads(metadata["facts"]), json.loads(metadata["settings"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no checkpoint of a training ({error}): remove it") from error
    changed = [key for key, value in asdict(settings).items() if key in settings.had and saved.get(key) != value]
    if changed:
        raise InputError(
            f"{path.parent} holds a training with other settings ({', '.join(changed)}): repeat its command to "
            "resume it, or choose another folder"
        )
    return facts, tensors


def cut_log(folder: Path, step: int, validations: int) -> None:
    """Take out of the log what came after the checkpoint, for it will come again."""
    log = folder / "log.jsonl"
    kept, seen = [], 0
    for text in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
        try:
            line = json.loads(text)
            at = int(line["step"])
        except (ValueError, TypeError, KeyError):  # the last line of a run that was killed
            continue
        seen += "validation" in line
        if at <= step and seen <= validations:
            kept.append(text)
    with atomic(log) as path:
        path.write_text("".join(text + "\n" for text in kept), encoding="utf-8")
