"""Volume, centre and inertia of the parts of a closed mesh that is cut at joints."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def moments(
    vertices: Float[np.ndarray, "V 3"],
    faces: Int[np.ndarray, "F 3"],
    part: Int[np.ndarray, " F"],
    parents: Int[np.ndarray, " parts"],
) -> Float[np.ndarray, "parts 4 4"]:
    """Volume, first and second moments of the parts of a tree that a closed mesh is cut into.

    All that lies beyond a joint is closed by a fan over the cut; a part is that without what lies beyond its own
    joints. So the parts' moments add up to those of the whole, however the cuts run.

    Args:
        vertices: metres.
        faces: counter-clockwise seen from outside.
        part: the part that each face belongs to.
        parents: of the parts, each before its children; -1 for the first.

    Returns:
        of each part the integral of ``(x, y, z, 1)`` times itself: second moments, first moments (m^4), volume (m^3).
    """
    count = len(parents)
    beyond = np.zeros((count, count), bool)  # which parts lie at or beyond each
    for p in reversed(range(count)):
        beyond[p, p] = True
        if parents[p] >= 0:
            beyond[parents[p]] |= beyond[p]
    closed = np.array([_closed(vertices, faces[beyond[p][part]]) for p in range(count)])
    own = closed.copy()
    for p in range(1, count):
        own[parents[p]] -= closed[p]
    return own


def _closed(vertices: Float[np.ndarray, "V 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "4 4"]:
    """The moments of what some faces enclose, whose open edges are closed by a fan about their middle."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    size = len(vertices)
    key, back = edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]
    rim = edges[~np.isin(key, back)]
    corners = vertices[faces]
    if len(rim):
        middle = np.broadcast_to(vertices[np.unique(rim)].mean(0), (len(rim), 3))
        corners = np.concatenate([corners, np.stack([vertices[rim[:, 1]], vertices[rim[:, 0]], middle], axis=1)])
    return _tetrahedra(corners)


def _tetrahedra(corners: Float[np.ndarray, "f 3 3"]) -> Float[np.ndarray, "4 4"]:
    """The sum of the moments of tetrahedra from the origin to triangles, signed by which side of these is seen.

    The second moments of a tetrahedron with a corner at the origin are ``v / 20 (sum_i a_i a_i' + s s')``, with its
    other corners a_i, their sum s and the volume v.
    """
    volume = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0
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
