"""Plots of what movement scientists ask of a motion, as PNG or SVG."""

from motionrecon.plots.write import PLOTS, write_plots

__all__ = ["PLOTS", "write_plots"]
