"""What is drawn over time below the motion: one file a group of charts, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from motionrecon.viewer.charts.angle import angles
from motionrecon.viewer.charts.base import Chart, Curve
from motionrecon.viewer.charts.force import forces
from motionrecon.viewer.charts.moment import moments

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses

__all__ = ["CHARTS", "Chart", "Curve"]

CHARTS: tuple[Callable[[Motion, Poses], list[Chart]], ...] = (forces, angles, moments)
