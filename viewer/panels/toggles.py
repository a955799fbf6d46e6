"""Boxes that show and hide what is drawn, and what its colours mean."""

from __future__ import annotations

import html

import viser

from motionrecon.viewer.panels.base import Page, Panel, block


class TogglesPanel(Panel):
    """A box for each layer of the scene, and one for following the person."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        with page.gui.add_folder("Show"):
            self._boxes = {name: self._add(name) for name in page.scene}
            self._follow = page.gui.add_checkbox("Follow", page.scene.follow)
            self._legend = page.gui.add_html("")
        self._explain()
        page.scene.watch(self._put_right)

        @self._follow.on_update
        def _(event: viser.GuiEvent[viser.GuiCheckboxHandle]) -> None:
            page.scene.follow = event.target.value

    def _add(self, name: str) -> viser.GuiCheckboxHandle:
        # No hint: viser's would lie over the box above.
        box = self.page.gui.add_checkbox(self.page.scene.layer(name).label, self.page.scene[name])

        @box.on_update
        def _(event: viser.GuiEvent[viser.GuiCheckboxHandle]) -> None:
            self.page.scene[name] = event.target.value

        return box

    def _put_right(self) -> None:
        """Bring the boxes to what is shown, whoever chose it."""
        scene = self.page.scene
        for name, box in self._boxes.items():
            if box.value != scene[name]:
                box.value = scene[name]  # type: ignore[misc]  # mypy misses the setter of viser's property
        if self._follow.value != scene.follow:
            self._follow.value = scene.follow  # type: ignore[misc]
        self._explain()

    def _explain(self) -> None:
        """Say what the colours and sizes of the layers that are shown mean."""
        scene = self.page.scene
        legends = [scene.layer(name).legend for name in scene if scene[name]]
        self._legend.content = block(*(html.escape(legend) for legend in legends if legend))
