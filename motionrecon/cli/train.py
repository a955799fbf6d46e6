"""``motionrecon train ...``: the learned parts of motionrecon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from motionrecon.cli.command import command
from motionrecon.cli.flags import Output, Switch
from motionrecon.cli.messages import know
from motionrecon.cli.outputs import check_made_folder
from motionrecon.cli.progress import lines
from motionrecon.core.docstrings import unwrapped
from motionrecon.options import DEFAULT_BODY
from motionrecon.research.training.settings import TrainingSettings

train = App(name="train", help="Train the learned parts of motionrecon.")


@dataclass(frozen=True)
class Flags(TrainingSettings):
    __doc__ = unwrapped(TrainingSettings.__doc__ or "")  # the help of the flags that its fields are


know(field.name for field in fields(Flags))


def _default(value: object) -> str | None:
    """What the help says of a field's default; of one that is empty, as its line explains, nothing."""
    return None if value in ("", None) else str(value)


@train.command
@command
def optimus(
    *,
    output: Output = None,
    quiet: Switch = False,
    settings: Annotated[Flags, Parameter(name="*", show_default=_default)] = Flags(),
) -> None:
    """Train Optimus, or a learned optimizer that it is compared with.

    Writes weights.safetensors, log.jsonl, curves.png and checkpoints, and for functions best.safetensors. Ctrl-C saves
    and stops (not under torchrun, where the last minute is lost); the same command goes on. A training on functions
    that is started with torchrun uses several processors or machines.

    Args:
        output: the folder for the result; training_<tasks>_<rule>_<seed> in the current folder where not given.
        quiet: no progress and no summary; errors show.
    """
    check_made_folder(output)
    folder = output or Path(f"training_{settings.tasks}_{settings.rule}_{settings.seed}")
    of = _on_windows if settings.squares else _on_poses if settings.tasks == "poses" else _on_functions
    found = of(settings, folder, lines(quiet))
    if found is not None and not quiet:
        print(f"{folder}: {found}")


def _on_windows(settings: TrainingSettings, folder: Path, say: Callable[[str], None]) -> str:
    """Train the steps for sums of squares; what came of it, and how it is used."""
    from motionrecon.research.training.window_training import WindowTraining

    training = WindowTraining(settings, folder, say=say)
    training.run()
    return f'{training.summary()}; minimize(..., method="optimus", squares="{_weights(folder)}") runs with it'


def _on_poses(settings: TrainingSettings, folder: Path, say: Callable[[str], None]) -> str:
    """Train the steps for poses; what came of it, and how it is used."""
    from motionrecon.research.training.pose_training import PoseTraining

    training = PoseTraining(settings, folder, say=say)
    training.run()
    use = f'motionrecon.poses.learned.PoseOptimus.load("{_weights(folder)}") runs with it'
    if settings.model is None:
        body = "" if settings.body == DEFAULT_BODY else f" --body {settings.body}"
        use = f"bench poses{body} --weights mine={_weights(folder)} measures it"
    return f"{training.summary()}; {use}"


def _on_functions(settings: TrainingSettings, folder: Path, say: Callable[[str], None]) -> str | None:
    """Train a rule on functions; what came of it, and how it is used, or None where this process was not to say it."""
    from motionrecon.research.training.train import Training

    training = Training(settings, folder, say=say)
    training.run()
    training.close()
    if not training.logs:
        return None
    use = f'minimize(..., method="optimus-paper", weights="{_weights(folder)}") runs with it'
    if settings.rule == "adafactor":
        use = f"bench optimizers --weights adafactor={_weights(folder)} measures it"
    return f"{training.summary()}; {use}"


def _weights(folder: Path) -> str:
    """The file of a training that is used."""
    return f"{folder}/weights.safetensors"
