"""Whether a motion is good, fair or poor: how far it is expected to be from the truth, and why."""
