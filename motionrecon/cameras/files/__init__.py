"""Cameras from calibration files, whichever tool wrote them.

A file is TOML (Pose2Sim, Caliscope, aniposelib), YAML, XML or JSON (OpenCV's FileStorage, ROS's camera_info, Kalibr,
MATLAB, CMU Panoptic, one's own) or Qualisys's ``.qca.txt``, told by its content, in UTF-8 or UTF-16. Cameras are found
however they are nested:

```toml
[cam_1]                          # the camera's name, unless it says name = "..."
size = [1920, 1080]              # of its pictures, pixels; or width and height
matrix = [[1400.0, 0.0, 960.0], [0.0, 1400.0, 540.0], [0.0, 0.0, 1.0]]
distortions = [-0.1, 0.02, 0.001, -0.002]
rotation = [1.57, 0.0, 0.0]
translation = [0.0, 1.4, 4.0]
```

- Intrinsics, pixels: ``matrix``, ``camera_matrix``, ``K``, ``intrinsics``, ``mtx``, ... (3 x 3, or 9 numbers), or
  ``fx``, ``fy``, ``cx`` and ``cy``.
- Distortion: ``distortions``, ``dist_coeffs``, ``D``, ... (4, 5, 8, 12 or 14 coefficients in OpenCV's order), or
  ``k1``, ``k2``, ... by name.
- Pose, world to camera: ``rotation``, ``R``, ``rvec``, ... (a Rodrigues vector or 3 x 3) and ``translation``, ``T``,
  ``tvec``, ..., or ``extrinsics`` (3 x 4 or 4 x 4).
- A pose of one camera relative to another: one R and T beside the intrinsics of two (``cv2.stereoCalibrate``), or
  ``T_cn_cnm1`` (Kalibr).
- Lengths are metres (in FreeMoCap's files, which say so in their own way, millimetres), unless the file says
  ``unit = "mm"`` or ``"cm"``, once or in each camera.

The world is Z up, and its floor near z = 0. A file without poses gives intrinsics only. So does one whose poses are in
the frame of one of its cameras where one video is given; several videos know from it where their cameras are to each
other. In both cases up and floor are estimated. Fisheye lenses are refused.

From the inside: the bytes of a file become a text (`text`), that a tree of dicts and lists (`formats`, one file each),
that what is said of each camera (`sections`, with the names in `vocabulary`; `relative` places those that are posed by
another one), that arrays (`values`), and those a
camera of the video's size (`load`), in which `motionrecon.cameras.lens` and `motionrecon.cameras.world` look for what
cannot be. A new format of text is a file in ``formats/`` and a line of its registry; a new name is a word. `write` is
the way back, in Pose2Sim's TOML.
"""

from motionrecon.cameras.files.load import assumptions, camera_names, camera_size, load_camera, load_rig
from motionrecon.cameras.files.write import Assumptions, write_cameras

__all__ = ["Assumptions", "assumptions", "camera_names", "camera_size", "load_camera", "load_rig", "write_cameras"]
