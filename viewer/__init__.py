"""The interactive viewer: a reconstructed motion in the browser, beside the video that it came from.

    from motionrecon import viewer

    handle = viewer.view("walk_motionrecon", block=False)
    handle.frame = 30
    handle.play()

The page is served by viser on 127.0.0.1. `timeline` holds the clock, `poses` the forward kinematics, `meshes` and
`scene` what is drawn, `source_video` and `video_panel` the video, `controls` the panel, and `app` joins them.
"""

from motionrecon.viewer.app import Viewer, view

__all__ = ["Viewer", "view"]
