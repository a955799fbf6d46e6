"""The families of tasks by the name that a training is told."""

from __future__ import annotations

from motionrecon.research.training.tasks import BOWLS, Family, Functions


def families(tasks: str, device: str = "cpu") -> list[Family]:
    """The families that ``tasks`` of the settings names: test functions and random bowls, or windows of motion."""
    if tasks == "functions":
        return [Functions(bowls=BOWLS, device=device)]
    from motionrecon.research.training.window_family import Windows

    return [Windows()]
