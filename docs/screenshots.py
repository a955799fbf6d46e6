"""Screenshots of the viewer, as a customer would see it: ``python docs/screenshots.py RESULT FOLDER [OTHER]``.

Writes the page of a result and photographs it in a headless Chromium without a network, at three sizes, light and dark,
through the camera, with the ghost, with all layers, and beside another result where one is given. Anything that the
browser's console has to complain of ends it with an error.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from motionrecon.viewer import write_page

#: Name -> width, height and the keys that are pressed first.
SHOTS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "wide": (1600, 900, ()),
    "middle": (1100, 700, ("g",)),
    "narrow": (620, 900, ()),
    "dark": (1600, 900, ("d", "m")),
    "through": (1600, 900, ("c",)),
    "front": (1600, 900, ("1", "s", "m", "g")),
    "top": (1100, 700, ("4", "m")),
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]


def main(result: Path, folder: Path, other: Path | None = None) -> None:
    """Write the screenshots of a result, a third of the way into it."""
    folder.mkdir(parents=True, exist_ok=True)
    browser_path = next(path for name in _BROWSERS if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        page = Path(scratch) / f"{result.resolve().name}.html"
        write_page(result, page, other)
        browser = playwright.chromium.launch(executable_path=browser_path, args=_FLAGS)
        context = browser.new_context(offline=True)
        for name, (width, height, keys) in SHOTS.items():
            _shoot(context, page, folder / f"{name}.png", width, height, keys)
        browser.close()


def _shoot(context: Any, page: Path, file: Path, width: int, height: int, keys: tuple[str, ...]) -> None:
    tab, errors = context.new_page(), []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.set_viewport_size({"width": width, "height": height})
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-drawn]")
    third = int(tab.locator("#knob").get_attribute("max")) // 3
    tab.locator("#frame").fill(str(third))
    tab.locator("#frame").press("Enter")
    for key in keys:
        tab.keyboard.press(key)
    tab.wait_for_selector("#picture[data-frame], #nofilm:not([hidden])", state="attached")
    tab.wait_for_timeout(1500)
    tab.screenshot(path=file)
    tab.close()
    if errors:
        raise SystemExit(f"{file}: {errors}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
