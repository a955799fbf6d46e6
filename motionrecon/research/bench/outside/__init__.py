"""Optimizers on problems outside the classical test functions (`motionrecon.research.tasks.outside`)."""
