"""Gauss-Newton: Optimus where residuals and Jacobians exist, as on windows of motion.

Classical methods, put together by hand: damped steps and their search, Broyden's secants between Jacobians, geodesic
acceleration (`optimizer`, `model`), and the arithmetic of large Jacobians (`causal`, `factored`, `corrected`). A
network may advise (`advice`), and is given from outside; nothing here knows of one, or of torch.
"""
