"""The folder in which motionrecon keeps for all runs of a user what is slow to get: fetched models, built bodies."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """``MOTIONRECON_CACHE``, or the platform's folder for caches."""
    override = os.environ.get("MOTIONRECON_CACHE")
    if override:
        return Path(override).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("motionrecon", appauthor=False)
