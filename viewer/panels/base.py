"""What a panel of the viewer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import viser

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.poses import Poses
    from motionrecon.viewer.scene import Scene
    from motionrecon.viewer.timeline import Timeline


@dataclass(frozen=True)
class Page:
    """What the panels show and steer.

    Attributes:
        gui: viser's panel, to which they add.
        timeline: the clock.
        scene: what is drawn.
        motion: what is shown.
        poses: its forward kinematics.
    """

    gui: viser.GuiApi
    timeline: Timeline
    scene: Scene
    motion: Motion
    poses: Poses


class Panel:
    """One part of the page. It adds its boxes when it is made."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def seek(self, frame: int) -> None:
        """Another frame is drawn: called for each one, so it must return at once."""

    def refresh(self, frame: int) -> None:
        """Bring numbers and knobs up to a frame: called a few times a second, and after every change."""

    def stop(self) -> None:
        """Let go of what the panel holds."""


def block(*lines: str) -> str:
    """HTML of lines of small text, which are HTML themselves."""
    return f'<div style="padding: 0.3em 1em; font-size: 0.85em; line-height: 1.5">{"<br>".join(lines)}</div>'
