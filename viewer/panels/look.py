"""Looking through the cameras of the videos."""

from __future__ import annotations

import viser

from motionrecon.viewer.looking import Look, look_through
from motionrecon.viewer.panels.base import Page, Panel

_ONE, _BACK = "Look through the camera", "Back"


class LookPanel(Panel):
    """Buttons that put the user's own eye where a camera stood, with its film behind the person, and one to go back."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._before: dict[int, tuple[Look, bool, bool, bool]] = {}  # of each browser, until it goes back
        if len(page.films) == 1:
            page.gui.add_button(_ONE, icon=viser.Icon.EYE).on_click(lambda event: self._look(event.client, 0))
        else:
            names = page.names
            group = page.gui.add_button_group("Look through", names)
            group.on_click(lambda event: self._look(event.client, names.index(event.target.value)))
        self._back = page.gui.add_button(_BACK, icon=viser.Icon.ARROW_BACK_UP, visible=False)
        self._back.on_click(lambda event: self._go_back(event.client))

    def _look(self, client: viser.ClientHandle | None, number: int) -> None:
        page = self.page
        page.choose(number)
        if client is None:
            return
        frame, eye = page.timeline.frame, client.camera
        if client.client_id not in self._before:
            look = Look(eye.position, eye.look_at, eye.up_direction, eye.fov)
            self._before[client.client_id] = look, page.scene["film"], page.scene["camera"], page.scene.follow
        page.scene["film"], page.scene["camera"] = True, False  # the camera's own pyramid would frame the film
        page.scene.follow = False  # the person goes where the film shows them
        camera = page.films[number].camera.at(slice(frame, frame + 1))
        _stand(client, look_through(camera, page.motion.joints[frame : frame + 1], eye.aspect))
        self._back.visible = True

    def _go_back(self, client: viser.ClientHandle | None) -> None:
        before = self._before.pop(client.client_id, None) if client is not None else None
        if client is not None and before is not None:
            look, self.page.scene["film"], self.page.scene["camera"], self.page.scene.follow = before
            _stand(client, look)
        self._back.visible = bool(self._before)


def _stand(client: viser.ClientHandle, look: Look) -> None:
    with client.atomic():
        client.camera.position = look.position
        client.camera.look_at = look.look_at
        client.camera.up_direction = look.up
        client.camera.fov = look.fov
