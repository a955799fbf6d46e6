"""What a problem's next evaluation is for; an entry of the rule's state, as a number for each problem."""

from __future__ import annotations

#: A step of the local search; a rung of the ladder, a sample of a bowl, and the landing (``trend.py``); and a point for
#: the curvature, the probe and the quadrature along axes (``axes.py``, which has all from CURVE on).
LOCAL, LADDER, SAMPLE, LAND, CURVE, PROBE, QUADRATURE = (float(i) for i in range(7))
