"""Trained weights, detector records and body templates that are installed with the package."""
