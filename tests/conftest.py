"""Fixtures and settings for all tests."""

import os
import sys
from pathlib import Path

import hypothesis

# `from support import require` works in every test file, whatever folder pytest was started from.
sys.path.insert(0, str(Path(__file__).parent))

# Offscreen drawing: no test has a screen. (Read by MuJoCo when it is imported.)
if sys.platform == "linux":
    os.environ.setdefault("MUJOCO_GL", "egl")

# Two shared cores: how long an example takes says nothing, and a failure must come back on every run.
hypothesis.settings.register_profile("motionrecon", deadline=None, derandomize=True)
hypothesis.settings.load_profile("motionrecon")
