"""Volume, centre and inertia of the parts of a closed mesh that is cut at joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Parts:
    """How a closed mesh is cut into the parts of a tree.

    All that lies beyond a joint is closed by a fan over the cut; a part is that without what lies beyond its own
    joints. So the parts' moments add up to those of the whole, however the cuts run.

    Attributes:
        triangles: (n, 3) that enclose the parts, those of a part together: indices of vertices; below 0, counted from
            the end, of the middles of the cuts' rims.
        ends: (parts,) where in these each part's end.
        rim: (m,) vertices on the rims of cuts.
        cut: (m,) the part whose cut each is on.
    """

    triangles: Int[np.ndarray, "n 3"]
    ends: Int[np.ndarray, " parts"]
    rim: Int[np.ndarray, " m"]
    cut: Int[np.ndarray, " m"]

    @staticmethod
    def of(faces: Int[np.ndarray, "F 3"], part: Int[np.ndarray, " F"], parents: Int[np.ndarray, " parts"]) -> Parts:
        """A mesh that is cut.

        Args:
            faces: counter-clockwise seen from outside.
            part: the part that each face belongs to.
            parents: of the parts, each before its children; -1 for the first.
        """
        count = len(parents)
        beyond = np.zeros((count, count), bool)  # which parts lie at or beyond each
        for p in reversed(range(count)):
            beyond[p, p] = True
            if parents[p] >= 0:
                beyond[parents[p]] |= beyond[p]
        own, rims, cuts = [[faces[part == p]] for p in range(count)], [], []
        for p in range(count):
            edges = _open_edges(faces[beyond[p][part]])
            middle = np.full(len(edges), p - count)
            own[p].append(np.column_stack([edges[:, ::-1], middle]))
            if parents[p] >= 0:
                own[parents[p]].append(np.column_stack([edges, middle]))
            rims.append(np.unique(edges))
            cuts.append(np.full(len(rims[-1]), p))
        triangles = [np.concatenate(found) for found in own]
        ends = np.cumsum([len(found) for found in triangles])
        return Parts(np.concatenate(triangles), ends, np.concatenate(rims), np.concatenate(cuts))

    def moments(self, vertices: Float[np.ndarray, "V 3"]) -> Float[np.ndarray, "parts 4 4"]:
        """Volume, first and second moments of the parts.

        Args:
            vertices: metres.

        Returns:
            of each part the integral of ``(x, y, z, 1)`` times itself: second moments, first moments (m^4), volume
            (m^3).
        """
        return np.array([_tetrahedra(own) for own in np.split(self._corners(vertices), self.ends[:-1])])

    def volume(self, vertices: Float[np.ndarray, "V 3"]) -> float:
        """The volume of all parts together, of vertices in metres: m^3."""
        return float(_volumes(self._corners(vertices)).sum())

    def _corners(self, vertices: Float[np.ndarray, "V 3"]) -> Float[np.ndarray, "n 3 3"]:
        """Where the triangles' corners are."""
        count = len(self.ends)
        middles = np.zeros((count, 3))
        np.add.at(middles, self.cut, vertices[self.rim])
        middles /= np.maximum(np.bincount(self.cut, minlength=count), 1)[:, None]
        return np.asarray(np.concatenate([vertices, middles])[self.triangles])


def _open_edges(faces: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "e 2"]:
    """The edges that only one of the faces has, as it runs along them."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    size = int(edges.max(initial=0)) + 1
    key, back = edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]
    return np.asarray(edges[~np.isin(key, back)])


def _volumes(corners: Float[np.ndarray, "f 3 3"]) -> Float[np.ndarray, " f"]:
    """The volumes of tetrahedra from the origin to triangles, signed by which side of these is seen."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    return np.asarray(np.einsum("fi,fi->f", a, np.cross(b, c)) / 6.0)


def _tetrahedra(corners: Float[np.ndarray, "f 3 3"]) -> Float[np.ndarray, "4 4"]:
    """The sum of the moments of tetrahedra from the origin to triangles, signed by which side of these is seen.

    The second moments of a tetrahedron with a corner at the origin are ``v / 20 (sum_i a_i a_i' + s s')``, with its
    other corners a_i, their sum s and the volume v.
    """
    volume = _volumes(corners)
    total = corners.sum(1)
    found = np.zeros((4, 4))
    found[:3, :3] = np.einsum("f,fka,fkb->ab", volume / 20.0, corners, corners, optimize=True)
    found[:3, :3] += np.einsum("f,fa,fb->ab", volume / 20.0, total, total, optimize=True)
    found[:3, 3] = found[3, :3] = volume @ total / 4.0
    found[3, 3] = volume.sum()
    return found


def moved(
    moments: Float[np.ndarray, "*n 4 4"], turn: Float[np.ndarray, "*n 3 3"], shift: Float[np.ndarray, "*n 3"]
) -> Float[np.ndarray, "*n 4 4"]:
    """The moments of parts after each of their points x went to ``turn x + shift``; `turn` may be any matrix."""
    move = np.zeros((*turn.shape[:-2], 4, 4))
    move[..., :3, :3], move[..., :3, 3], move[..., 3, 3] = turn, shift, 1.0
    return np.asarray(np.abs(np.linalg.det(turn))[..., None, None] * (move @ moments @ np.swapaxes(move, -1, -2)))
