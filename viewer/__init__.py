"""The interactive viewer: a reconstructed motion in the browser, beside the video that it came from.

    from motionrecon import viewer

    handle = viewer.view("walk_motionrecon", block=False)
    handle.frame = 30
    handle.play()

The page is served by viser to this machine's own browsers (`server`). `timeline` holds the clock, `poses` where
everything is; `scene` draws `layers`, one file each; beside them stand `panels`, one file each; `app` joins them.
"""

from motionrecon.viewer.app import Viewer, view

__all__ = ["Viewer", "view"]
