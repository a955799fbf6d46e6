"""Optimus where a problem's unknowns are known by name: small least-squares problems of one kind, met again and again.

After "Transformer-Based Learned Optimization" (arXiv 2212.01055): a token for each unknown, three Transformer encoders
that each add a rank-one term to the metric, and a branch for the step. What is ours: a token knows which unknown it is,
the metric begins as Gauss-Newton's, and a network that says nothing leaves a damped Gauss-Newton step. Nothing here
knows bodies or cameras; numpy runs it, and torch trains the same lines.
"""
