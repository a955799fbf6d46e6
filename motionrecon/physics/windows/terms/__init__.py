"""The residual terms of the window problem, one file each.

A term reads the simulated motion at the window's frames and returns residuals (F, m), dimensionless, whose sum of
squares it adds to the objective; with derivatives, also how they follow position and velocity, (F, m, nv) each.
"""
