"""The parts of the page beside the picture: one file each, and a line here."""

from __future__ import annotations

from motionrecon.viewer.panels.base import Page, Panel
from motionrecon.viewer.panels.look import LookPanel
from motionrecon.viewer.panels.quality import QualityPanel
from motionrecon.viewer.panels.readout import ReadoutPanel
from motionrecon.viewer.panels.toggles import TogglesPanel
from motionrecon.viewer.panels.transport import TransportPanel
from motionrecon.viewer.panels.video import VideoPanel

__all__ = ["PANELS", "Page", "Panel"]

#: From the top of the page down.
PANELS: tuple[type[Panel], ...] = (
    VideoPanel, ReadoutPanel, TransportPanel, LookPanel, TogglesPanel, QualityPanel
)  # fmt: skip
