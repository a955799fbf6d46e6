"""The loop of a training, whatever is trained: outer steps and validations, its log, and checkpoints until the end."""

from __future__ import annotations

import json
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from types import FrameType
from typing import Any, ClassVar

from torch import Tensor

from motionrecon.core.interrupt import Interrupts
from motionrecon.errors import InputError
from motionrecon.research.training import folder as folder_of
from motionrecon.research.training.curves import draw, read_log
from motionrecon.research.training.settings import DEFAULT_MINUTES, TrainingSettings

#: Seconds between checkpoints.
CHECKPOINT_SECONDS = 60.0


class Loop(ABC):
    """A training that runs in its folder, and can be stopped.

    The first Ctrl-C waits for the end of the outer step that is under way, so that nothing of the training is lost; the
    second stops at once.

    Attributes:
        settings, folder, say: how to train, where everything is written, and who is told of progress.
        step, validations: so far.
        seconds, cpu_seconds: that it ran so far, on the wall's clock and on the processor's.
        validations_wanted: besides the first, spread over the training.
        noted_every: outer steps of which one gets a line in the log.
        counted: the attributes that a checkpoint holds as facts.
        logs: False in the processes that leave the log to another one.
        stoppable: False where the first Ctrl-C has to stop at once.
    """

    validations_wanted: ClassVar[int]
    noted_every: ClassVar[int] = 1
    counted: ClassVar[tuple[str, ...]] = ("step", "validations", "seconds", "cpu_seconds")

    def __init__(self, settings: TrainingSettings, folder: Path, say: Callable[[str], None]) -> None:
        self.settings, self.folder, self.say = settings, Path(folder), say
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder} is a file: name a folder, which is made")
        self.step, self.validations, self.seconds, self.cpu_seconds = 0, 0, 0.0, 0.0
        self.logs = self.stoppable = True
        self._stop = False

    @abstractmethod
    def save(self) -> None:
        """Write the checkpoint, from which another training goes on to the bit, and the mean weights so far."""

    @abstractmethod
    def _restore(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Take over what `save` has written into a checkpoint, but for what is counted."""

    @abstractmethod
    def _advance(self, done: float) -> dict[str, Any]:
        """One outer step, where the share ``done`` of the training is over; its line of the log, but for the clocks."""

    @abstractmethod
    def _validate(self) -> dict[str, float]:
        """Decades gained on tasks that are never trained on, by their name; `say` is told of them."""

    def run(self) -> None:
        """Train until the end that the settings ask for.

        Raises:
            KeyboardInterrupt: Ctrl-C. After the first one the checkpoint has been written, after a second one not.
        """
        began, began_cpu = time.perf_counter() - self.seconds, time.process_time() - self.cpu_seconds
        saved = time.perf_counter()
        with self._stopping(), (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:

            def note(line: dict[str, Any]) -> None:
                clocks = {"seconds": round(self.seconds, 3), "cpu_seconds": round(self.cpu_seconds, 3)}
                if self.logs:
                    log.write(json.dumps(line | clocks) + "\n")

            while True:
                done = self._done()
                if done >= self.validations / self.validations_wanted:
                    self.validations += 1
                    note({"step": self.step, "validation": self._validate()})
                if done >= 1:
                    break
                if not self._stop:
                    line = self._advance(done)
                    self.seconds, self.cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
                    if self.step % self.noted_every == 0:
                        note(line)
                if self._stop or time.perf_counter() - saved > CHECKPOINT_SECONDS:
                    log.flush()
                    self.save()
                    saved = time.perf_counter()
                if self._stop:
                    self.say("the same command goes on from here")
                    raise KeyboardInterrupt
        self.save()
        if self.logs:
            draw(self.folder)

    def summary(self) -> str:
        """What the validations say, in half a line."""
        lines = read_log(self.folder / "log.jsonl")
        checks = [mean(line["validation"].values()) for line in lines if "validation" in line]
        text = f"validation went from {checks[0]:.3f} to {checks[-1]:.3f} decades"
        return text + (", so this has learned nothing" if checks[-1] <= checks[0] else "")

    def _begin_or_go_on(self) -> None:
        """Go on from the folder's checkpoint; where there is none, begin the folder.

        Raises:
            InputError: the folder holds another training.
        """
        found = folder_of.load_checkpoint(self._checkpoint, self.settings)
        if found is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.logs:
                folder_of.begin(self.folder, self.settings)
            return
        facts, tensors = found
        for name in self.counted:
            setattr(self, name, facts[name])
        self._restore(facts, tensors)
        if self.logs:
            folder_of.cut_log(self.folder, self.step, self.validations)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def _counts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.counted}

    def _about(self, processes: int = 1) -> dict[str, str]:
        """What a file of weights says of the training that made it, in so many processes."""
        return {
            "rule": self.settings.rule,
            "settings": json.dumps(asdict(self.settings)),
            "outer_steps": str(self.step),
            "core_hours": f"{processes * self.cpu_seconds / 3600:.4f}",
        }

    def _done(self) -> float:
        """The share of the training that is over."""
        if self.settings.steps is not None:
            return self.step / self.settings.steps
        minutes = DEFAULT_MINUTES if self.settings.minutes is None else self.settings.minutes
        return self.cpu_seconds / (60 * minutes)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        self._stop = False
        # Where Ctrl-C is not Python's own or our command's (a background job that ignores it, a program around us), it
        # stays as it is; and only the main thread may take it over.
        before = signal.getsignal(signal.SIGINT)
        ours = before is signal.default_int_handler or isinstance(getattr(before, "__self__", None), Interrupts)
        if not (self.stoppable and ours and threading.current_thread() is threading.main_thread()):
            yield
            return

        def ask(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self._stop = True
            self.say("stopping once this step or validation is done; Ctrl-C again stops at once")

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
