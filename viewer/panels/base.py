"""What a panel of the viewer is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import viser

from motionrecon.result.films import Film, films_of

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
        films: what its cameras filmed.
    """

    gui: viser.GuiApi
    timeline: Timeline
    scene: Scene
    motion: Motion
    poses: Poses
    films: tuple[Film, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "films", films_of(self.motion))

    @property
    def names(self) -> list[str]:
        """What the cameras are called, each another way."""
        names = [film.name for film in self.films]
        return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]

    def choose(self, camera: int) -> None:
        """Show the film of another camera."""
        self.scene.chosen = camera
        self.timeline.changed.set()


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
