"""The errors that motionrecon raises for its users.

Each message names the file or the parameter, says what was found there, and what to do about it. Parameters are named
as ``height=500``, or ``height=...`` without a value; the command line spells them as its flags. It prints the message
as one line and exits with code 2; a traceback therefore always means a bug in motionrecon.
"""

import re

#: A word of a message (a name or a number, read from a file) that is shown by its ends only.
_LONG_WORD = re.compile(r"\S{600,}")
#: A number as many languages write it, and programs do not.
_WITH_COMMA = re.compile(r"\s*[-+]?\d*,\d+\s*")
#: Characters of a message; of a longer one, which quotes endless text of a file, so many at the start and at the end.
_LONG, _START, _END = 1000, 600, 300


def shortened(message: str) -> str:
    """A message without what is left out of endless words, and of endlessly many."""
    message = _LONG_WORD.sub(lambda word: f"{word[0][:300]}…{word[0][-20:]}", message)
    return message if len(message) <= _LONG else f"{message[:_START]}…{message[-_END:]}"


def with_point(text: str) -> str:
    """What to write instead of a number with a decimal comma, as words after a message; nothing of anything else."""
    return f"; write {text.strip().replace(',', '.')}, with a point" if _WITH_COMMA.fullmatch(text) else ""


class MotionReconError(Exception):
    """Base class of every error that motionrecon raises on purpose."""

    def __init__(self, message: str = "") -> None:
        super().__init__(shortened(message))


class InputError(MotionReconError):
    """An input (video, keypoint file, camera file, motion file, parameter) cannot be used."""


class OutputError(MotionReconError):
    """A result cannot be written (folder exists, read-only, disk full)."""


class ModelError(MotionReconError):
    """A trained model's file is missing, cannot be fetched or has the wrong hash."""


class SimulationError(MotionReconError):
    """A simulation diverged and no restart helped."""
