"""The parts of the page beside the picture: one file each, and a line here."""

from __future__ import annotations

from motionrecon.viewer.panels.base import Page, Panel
from motionrecon.viewer.panels.quality import Quality
from motionrecon.viewer.panels.readout import Readout
from motionrecon.viewer.panels.toggles import Toggles
from motionrecon.viewer.panels.transport import Transport
from motionrecon.viewer.panels.video import Video

__all__ = ["PANELS", "Page", "Panel"]

#: From the top of the page down.
PANELS: tuple[type[Panel], ...] = (Video, Readout, Transport, Toggles, Quality)
