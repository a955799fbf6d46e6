"""The errors that motionrecon raises for its users.

Each message names the file or the parameter, says what was found there, and what to do about it. Parameters are named
as ``height=500``, or ``height=...`` without a value; the command line spells them as its flags. It prints the message
as one line and exits with code 2; a traceback therefore always means a bug in motionrecon.
"""


class MotionReconError(Exception):
    """Base class of every error that motionrecon raises on purpose."""


class InputError(MotionReconError):
    """An input (video, keypoint file, camera file, motion file, parameter) cannot be used."""


class OutputError(MotionReconError):
    """A result cannot be written (folder exists, read-only, disk full)."""


class ModelError(MotionReconError):
    """A trained model's file is missing, cannot be fetched or has the wrong hash."""


class SimulationError(MotionReconError):
    """A simulation diverged and no restart helped."""
