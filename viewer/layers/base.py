"""What a layer of the viewer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from motionrecon.viewer.parts import Colour, Part

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses


@dataclass(frozen=True)
class Swatch:
    """What a colour of a layer means, in few words."""

    colour: Colour
    text: str


@dataclass(frozen=True)
class Layer:
    """One thing that is drawn of a motion and can be shown or hidden by itself.

    Attributes:
        label: what the box that shows and hides it is called.
        parts: what is drawn of a motion and its forward kinematics; a result without any has no such box.
        legend: what its colours and sizes mean.
        key: the key that shows and hides it.
        at_start: whether it is shown when the page opens.
    """

    label: str
    parts: Callable[[Motion, Poses], list[Part]]
    legend: tuple[Swatch, ...] = ()
    key: str = ""
    at_start: bool = True
