"""What a reconstruction has found so far, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from motionrecon.options import Options
    from motionrecon.physics.windows.stretch import Stretch
    from motionrecon.result.motion import Motion
    from motionrecon.source import Source
    from motionrecon.views import Figure, View


@dataclass(frozen=True)
class SoFar:
    """What a reconstruction has found so far: each stage adds its own, and changes nothing of an earlier one's.

    Attributes:
        source, options: what it is made from, and what was asked for.
        views: what was seen of the person, once the keypoints are known.
        figure: the kinematic motion.
        stretch: what is simulated of it; another one after every window.
        motion: the result.
    """

    source: Source
    options: Options
    views: tuple[View, ...] | None = None
    figure: Figure | None = None
    stretch: Stretch | None = None
    motion: Motion | None = None


#: Who watches a reconstruction; called in its thread, which waits for it.
Watch: TypeAlias = Callable[[SoFar], None]
