"""What a meta-training may be told; without torch, for the command line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from motionrecon.errors import InputError
from motionrecon.options import DEFAULT_BODY

#: Minutes of a training that was given neither minutes nor steps.
DEFAULT_MINUTES = 10.0
#: What may be trained on.
TASKS = ("functions", "physics", "poses")
#: What may be trained on each; the rules of functions see a window as one, too.
RULES = {
    "functions": ("optimus-paper", "optimus-paper-no-attention", "optimus-paper-no-rank-one", "adafactor"),
    "physics": (
        "optimus",
        "optimus-no-attention",
        "optimus-paper",
        "optimus-paper-no-attention",
        "optimus-paper-no-rank-one",
    ),
    "poses": (
        "optimus",
        "optimus-no-attention",
        "optimus-no-rank-one",
        "optimus-no-keypoints",
        "optimus-identity",
    ),
}
#: Fields that every training has, and those of poses alone; all others are those of functions.
_OF_ALL = frozenset({"rule", "tasks", "steps", "minutes", "seed", "lr", "clip", "ema", "threads", "start"})
_OF_POSES = frozenset({"frames", "model", "body"})


@dataclass(frozen=True)
class TrainingSettings:
    """How a rule is trained. Each field is the flag of the same name, and its line here is that flag's help.

    A training resumes only with the settings that it began with, as far as they concern it.

    Attributes:
        rule: what to train. On poses and physics: optimus, where not given, or optimus-no-attention, a control, and on
            poses the controls optimus-identity (B begins as a diagonal, without J'J), optimus-no-rank-one and
            optimus-no-keypoints. On functions, where Optimus has built-in rules: optimus-paper, the paper's own form,
            where not given; its controls optimus-paper-no-attention and optimus-paper-no-rank-one; or adafactor, a
            learned peer.
        tasks: what to train on: functions; physics, windows of motion, for the weights of sums of squares; or poses,
            persons before a camera. Of the flags below, physics and poses have steps, minutes, seed, lr, clip, ema,
            threads and start, and poses has frames, model and body. On physics, optimus-paper has those of functions: a
            window is a function to it.
        steps: outer steps in all, instead of a limit in minutes.
        minutes: processor time of a process in all, validation included; 10 where no limit is given. On a busy machine
            it passes more slowly than the clock's, and so trainings stay comparable.
        seed: of everything random.
        pes: the last share of the training that is spent on PES, 0 to 1.
        lr: Adam's learning rate in the part with back-propagation; it falls to a twentieth (on poses a fiftieth), on
            functions and poses after a rise.
        pes_lr: the same in the part with PES.
        clip: largest norm of a gradient.
        slots: unrolls under way at once.
        truncation: evaluations of each problem in an outer step.
        tokens: unknowns of a batch, over all its problems, in back-propagation; more with small dimensions.
        largest_batch: problems of a batch at most.
        smallest_n: dimension of the smallest tasks.
        largest_n: dimension of the largest tasks.
        shortest: evaluations of the shortest unrolls.
        longest: evaluations of the longest unrolls.
        growth: share of the training over which dimensions and lengths grow to their largest.
        softness: decades above the best at which an evaluation still counts for the loss of back-propagation.
        every: weight, in the loss, of the mean over all evaluations besides that of the best so far.
        end: weight, in the loss, of the decades gained within the truncation.
        carry: how much of a gradient passes from each step back to the one before, in back-propagation.
        pairs: antithetic pairs of particles.
        sigma: standard deviation of their perturbations.
        evolved: names that the weights trained by PES begin with, separated by commas; empty for all. Few weights have
            less noise.
        ema: decay of the mean of the weights, per outer step.
        threads: of each process, on a CPU.
        start: a file of weights to start from instead of untrained ones; on poses also a name, as poses.
        frames: of a run, on poses; 1 for poses of single frames. Of a training on runs, a quarter is on single frames.
        model: an MJCF of your own, on poses: an arm, a hand, an animal, seen at its named sites, instead of persons.
            Each joint moves by itself: equality constraints and tendons are not obeyed.
        body: kind of the persons' bodies, on poses: anny, as reconstruct has them, where not given, or capsules.
    """

    rule: str = ""
    tasks: str = "functions"
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    pes: float = 0.4
    lr: float = 1e-3
    pes_lr: float = 3e-4
    clip: float = 1.0
    slots: int = 6
    truncation: int = 20
    tokens: int = 640
    largest_batch: int = 64
    smallest_n: int = 2
    largest_n: int = 100
    shortest: int = 20
    longest: int = 500
    growth: float = 0.5
    softness: float = 0.3
    every: float = 0.1
    end: float = 0.5
    carry: float = 0.9
    pairs: int = 8
    sigma: float = 0.01
    evolved: str = ""
    ema: float = 0.99
    threads: int = 1
    start: str | None = None
    frames: int = 1
    model: str | None = None
    body: str = ""

    def __post_init__(self) -> None:
        if not self.rule:
            object.__setattr__(self, "rule", "optimus-paper" if self.tasks == "functions" else "optimus")
        if self.steps is not None and self.minutes is not None:
            raise InputError("a training ends after steps=... or after minutes=...: give one of them, and not both")
        if self.tasks not in TASKS:
            raise InputError(f"tasks={self.tasks!r} is unknown: give {' or '.join(TASKS)}")
        if self.rule not in RULES[self.tasks]:
            why = "has built-in rules for functions, and nothing to train" if self.rule == "optimus" else "is unknown"
            known = ", ".join(RULES[self.tasks])
            raise InputError(f"rule={self.rule!r} {why}: for tasks={self.tasks}, choose from {known}")
        if self.model is not None and self.body:
            raise InputError("model=..., body=...: what is posed is a model of your own or a person; give one of them")
        if extra := [f.name for f in fields(self) if f.name not in self.had and getattr(self, f.name) != f.default]:
            given = ", ".join(f"{name}=..." for name in extra)
            raise InputError(
                f"{given}: a training with tasks={self.tasks}, rule={self.rule} does not have that; leave it out"
            )
        if self.tasks == "poses" and self.model is None and not self.body:
            object.__setattr__(self, "body", DEFAULT_BODY)
        elif self.body:
            from motionrecon.body import BUILT_IN

            if self.body not in BUILT_IN:
                raise InputError(f"body={self.body} is unknown; choose one of {', '.join(BUILT_IN)}")
        if self.model is not None and not Path(self.model).is_file():
            raise InputError(f"model={self.model}: no such file; give an MJCF")
        if self.start is not None and self.tasks == "poses":
            from motionrecon.optimus.poses import files

            files.SHIPPED.find(self.start)
        elif self.start is not None and not Path(self.start).is_file():
            raise InputError(f"start={self.start}: no such file; give weights of a training")
        limits: dict[str, tuple[float, float]] = {
            "steps": (1, 1e9),
            "minutes": (0.01, 1e6),
            "seed": (0, 2**62),
            "pes": (0, 1),
            "lr": (0, 1),
            "pes_lr": (0, 1),
            "slots": (1, 1000),
            "truncation": (1, 10000),
            "tokens": (1, 1e7),
            "largest_batch": (1, 1e6),
            "smallest_n": (1, self.largest_n),
            "shortest": (2, self.longest),
            "growth": (0, 1),
            "softness": (0, 10),
            "carry": (0, 1),
            "pairs": (1, 10000),
            "sigma": (1e-9, 10),
            "ema": (0, 0.999999),
            "threads": (1, 1024),
            "frames": (1, 100),
        }
        for name, (low, high) in limits.items():
            found = getattr(self, name)
            if found is not None and not low <= found <= high:
                raise InputError(f"{name}={found!r}: give a number from {low:g} to {high:g}")

    @property
    def squares(self) -> bool:
        """Whether weights for sums of squares are trained: on windows, by rules that do not see them as functions."""
        return self.tasks == "physics" and not self.rule.startswith("optimus-paper")

    @property
    def had(self) -> frozenset[str]:
        """The fields that such a training has; all others are at their defaults, and nothing depends on them."""
        if self.tasks == "poses":
            return _OF_ALL | _OF_POSES - ({"body"} if self.model is not None else set())
        return _OF_ALL if self.squares else frozenset(field.name for field in fields(self)) - _OF_POSES
