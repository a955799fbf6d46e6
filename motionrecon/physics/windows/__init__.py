"""The window problem: controls in, residuals of the simulated motion out."""
