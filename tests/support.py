"""What several test files need."""

import os

import pytest


def require(found: object, what: str) -> None:
    """Skip the test where ``what`` (a browser, Blender) is missing; fail on CI, where everything must be there."""
    if found:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")
