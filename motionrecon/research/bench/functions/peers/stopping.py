"""When a peer has made progress, and when it has converged."""

from __future__ import annotations

#: Progress is a decrease by at least this share of what the start has gained so far.
PROGRESS = 1e-3
#: Converged once the rms of the gradient is this share of that at the start. It is far below the defaults, which end
#: runs from steep starts (Zakharov's) before the gap is a millionth.
GTOL = 1e-11
