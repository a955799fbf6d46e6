"""The Anny person: mass and joints as Anny has them, lengths as they are asked for, a skin that bends."""

from __future__ import annotations

import mujoco
import numpy as np
import people
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from motionrecon.body import build, read
from motionrecon.body.anny import kept
from motionrecon.body.anny.body import AnnyBody
from motionrecon.body.anny.segments import INDEX, MIDDLE, SEGMENTS, SIDED
from motionrecon.body.anny.source import Source, volume
from motionrecon.body.anny.stretch import Stretch
from motionrecon.body.anny.template import template_of
from motionrecon.body.capsules.joints import HINGES as OF_CAPSULES
from motionrecon.body.marks import MARKED_FACE
from motionrecon.body.mesh.joints import HINGES
from motionrecon.body.mesh.lengths import proportions
from motionrecon.body.mesh.moments import Parts, moved
from motionrecon.body.pose import pose
from motionrecon.body.proportions import Proportions
from motionrecon.body.tangent import integrate
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS, split
from motionrecon.errors import InputError
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import fit
from motionrecon.pipeline import reconstruct
from motionrecon.poses.bank import PoseBank
from motionrecon.result import model_check

#: Shares of the body's mass, percent: de Leva (1996), J. Biomech. 29(9), table 4, female and male.
DE_LEVA = {
    "head and neck": (6.68, 6.94),
    "trunk": (42.57, 43.46),
    "upper_arm": (2.55, 2.71),
    "forearm": (1.38, 1.62),
    "hand": (0.56, 0.61),
    "thigh": (14.78, 14.16),
    "shank": (4.81, 4.33),
    "foot": (1.29, 1.37),
}
#: Our segments that make up one of de Leva's, where that is not one alone.
PARTS = {
    "head and neck": ("neck", "head"),
    "trunk": ("pelvis", "abdomen", "chest", "upper_chest", "left_clavicle", "right_clavicle"),
    "forearm": ("left_forearm", "left_radius"),
    "foot": ("left_foot", "left_toes"),
}


def person(height: float = 1.70, mass: float | None = None, sex: str = "neutral", age: float | None = None) -> AnnyBody:
    body = build(height, mass, "anny", sex, age)
    assert isinstance(body, AnnyBody)
    return body


@pytest.fixture(scope="module")
def body() -> AnnyBody:
    return person()


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def scattered(body: AnnyBody, count: int, size: float = 0.3) -> np.ndarray:
    step = size * np.random.default_rng(0).standard_normal((count, body.model.nv))
    return integrate(np.tile(body.rest_qpos, (count, 1)), step)


def test_it_loads_in_plain_mujoco_under_the_names_that_others_rely_on(body):
    model = mujoco.MjModel.from_xml_string(body.published)
    model_check.check(body.published)
    assert len(body.published) < 2e6
    assert (model.nv, model.nu, model.nskin) == (42, 36, 1)
    assert tuple(model.body(b).name for b in range(1, model.nbody)) == SEGMENTS
    assert {model.site(s).name.removeprefix("seen_") for s in range(model.nsite)} == set(landmarks.NAMES)
    joints = [model.joint(j).name for j in range(1, model.njnt)]
    assert [model.actuator(a).name for a in range(model.nu)] == joints
    assert {j.removeprefix("left_").removeprefix("right_") for j in joints} == {
        h.name for hinges in HINGES.values() for h in hinges
    }
    assert len(body.soles.names) == 8
    assert len(read(body.mjcf).skeleton.names) == 6 + 2 * 9


def test_the_detector_marks_a_face_narrower_and_flatter_than_it_is(body):
    """On films of people, its ears are 1.4 times as far apart as the eyes' outer corners; theirs are 1.9 times."""
    standing = pose(body.model, body.model.qpos0[None])
    places, marks = standing.at(body.landmarks)[0], standing.at(body.marks)[0]
    away = (marks - places) / body.height
    for i, name in enumerate(landmarks.NAMES):
        side, part = split(name)
        if part in MARKED_FACE:
            expected = np.array(MARKED_FACE[part]) * [1, OUTWARDS.get(side, 1.0), 1]
            np.testing.assert_allclose(away[i], expected, atol=1e-6, err_msg=name)

    def apart(at, part):
        return np.linalg.norm(at[landmarks.INDEX[f"left_{part}"]] - at[landmarks.INDEX[f"right_{part}"]])

    assert apart(places, "ear") / apart(places, "eye_outer") > 1.8
    assert 1.3 < apart(marks, "ear") / apart(marks, "eye_outer") < 1.5


def test_the_trunk_bends_as_much_as_that_of_the_capsules_and_is_as_sure():
    def trunk(hinges, ending):
        return [h for name in ("torso", *MIDDLE) for h in hinges.get(name, ()) if h.name.endswith(ending)]

    for ending in ("flexion", "lateral", "twist"):
        several, one = trunk(HINGES, ending), trunk(OF_CAPSULES, ending)
        several = [h for h in several if not h.name.startswith(("neck", "head"))]
        one = one[:1]
        for end in (0, 1):
            assert sum(h.range[end] for h in several) == pytest.approx(one[0].range[end])
        assert sum(h.spread**2 for h in several) == pytest.approx(one[0].spread ** 2)


@pytest.mark.parametrize(("sex", "height", "mass"), [("female", 1.65, 60.0), ("male", 1.77, 73.0)])
def test_segments_weigh_what_de_leva_found_and_all_of_them_what_they_should(sex, height, mass):
    model = person(height, mass, sex).model
    assert model.body_mass.sum() == pytest.approx(mass, abs=1e-3)
    for name, shares in DE_LEVA.items():
        parts = PARTS.get(name, (f"left_{name}",))
        found = sum(float(model.body(part).mass[0]) for part in parts) / mass
        assert 100 * found == pytest.approx(shares[("female", "male").index(sex)], rel=0.2), name


@pytest.mark.parametrize("height", [1.40, 1.55, 1.70, 1.85, 2.0])
@pytest.mark.parametrize("sex", ["female", "male"])
def test_a_knee_divides_a_leg_as_peoples_do_however_tall_they_are(sex, height):
    """A femur is 0.267 of nearly everybody's height, from the head of the hip to below the centre of the knee."""
    body = person(height, None, sex)
    thigh, shank = body.lengths["thigh"], body.lengths["shank"]
    usual = Proportions.typical(height)
    assert thigh / shank == pytest.approx(usual.thigh / usual.shank)
    assert 0.22 < thigh / height < 0.267
    own = proportions(body.template)
    assert thigh + shank == pytest.approx(own.thigh + own.shank)
    np.testing.assert_allclose(body.shape_prior.mean, body.shape)


def test_who_is_as_short_as_a_child_is_one_unless_their_age_says_otherwise():
    child, dwarf = person(1.20), person(1.20, age=30.0)
    assert child.mass == pytest.approx(22.2, abs=0.5) and dwarf.mass == pytest.approx(22.5 * 1.2**2)
    assert child.lengths["shoulder_width"] < dwarf.lengths["shoulder_width"] - 0.03
    assert person(1.36).mass == pytest.approx(22.5 * 1.36**2)


def test_its_joints_are_where_annys_rig_has_them(source):
    """In Anny's own pose, which the model takes: every joint it has lies within a centimetre of that of the rig."""
    figure = source.person(1.70, "neutral", 30.0, 64.0)
    body = AnnyBody.of(*_as_built(figure))
    rig = np.array([np.mean([figure.head_of[b] for b in _bones(name)], axis=0) for name in SEGMENTS])
    start = body.rest_qpos.copy()
    start[:3] = rig[0]

    def away(step):
        q = integrate(start[None], step[None])
        return (pose(body.model, q).origins[0, 1:] - rig).ravel()

    best = least_squares(away, np.zeros(body.model.nv), max_nfev=30)
    assert np.linalg.norm(away(best.x).reshape(-1, 3), axis=1).max() < 0.010


def _as_built(figure):
    from motionrecon.body.mesh.flesh import fleshed

    built = fleshed(template_of(figure))
    return built, 1.70, 65.0, proportions(built), Plane(), 1 / 120


def _bones(name: str) -> list[str]:
    side, part = split(name)
    if side:
        return [f"{bone}.{side[0].upper()}" for bone in SIDED[part].centre]
    return list(MIDDLE[name].centre)


def test_the_skin_is_closed_and_holds_what_its_parts_hold(source):
    figure = source.person(1.70, "neutral", 30.0, 64.0)
    assert figure.height == pytest.approx(1.70, abs=1e-3)
    assert volume(figure) == pytest.approx(0.064, rel=1e-3)
    assert template_of(figure).moments[:, 3, 3].sum() == pytest.approx(volume(figure), rel=1e-9)


def test_children_are_children():
    child = person(1.20, age=7.0)
    assert child.mass == pytest.approx(22.5, abs=1.0)
    adult = person(1.70)
    assert child.lengths["head"] / 1.20 > 1.05 * adult.lengths["head"] / 1.70


def test_heavy_people_are_fatter_than_anny_builds_them():
    slim, fat = person(1.70, 65.0), person(1.70, 130.0)
    waist = [np.ptp(b.template.own("abdomen")[:, 0]) for b in (slim, fat)]
    assert waist[1] > 1.2 * waist[0]
    density = [b.mass / b.template.moments[:, 3, 3].sum() for b in (slim, fat)]
    assert density[1] == pytest.approx(density[0], rel=0.05)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.25, 0.25), min_size=10, max_size=10))
def test_it_has_the_lengths_that_it_is_asked_for(change):
    body = person()
    wanted = Proportions.from_array(body.proportions.as_array() * np.exp(change))
    stretched = Stretch.to(body.template, wanted).of(body.template)
    np.testing.assert_allclose(proportions(stretched).as_array(), wanted.as_array(), atol=1e-9)
    longer = body.reshaped(np.log(wanted.as_array()))
    assert longer.model.body_mass.sum() == pytest.approx(body.mass, abs=1e-3)
    np.testing.assert_allclose(longer.model.body_mass[1:].min(), longer.model.body_mass[1:].clip(0.02).min())


def test_places_follow_the_shape_as_the_derivatives_say(body):
    """The places are linear in the lengths, so the derivative tells what becomes of any change of them."""
    lengths = body.proportions.as_array()
    step = 0.02 * np.random.default_rng(0).standard_normal(10)
    more, less = body.reshaped(np.log(lengths + step)), body.reshaped(np.log(lengths - step))
    for kind, moves in (
        ("body_pos", body.moves.frames),
        ("site_pos", body.moves.sites),
        ("geom_pos", body.moves.geoms),
    ):
        change = 0.5 * (getattr(more.model, kind) - getattr(less.model, kind))
        if kind == "body_pos":
            change, moves = change[2:], moves[2:]  # how high the pelvis stands is the pose's
        np.testing.assert_allclose(moves @ (step / lengths), change, atol=3e-6)


def test_left_and_right_are_mirror_images(body):
    mirror = np.array([1.0, -1.0, 1.0])
    for b in range(1, body.model.nbody):
        name = body.model.body(b).name
        partner = name.replace("left", "right") if "left" in name else name.replace("right", "left")
        other = body.model.body(partner).id
        np.testing.assert_allclose(body.model.body_pos[b], body.model.body_pos[other] * mirror, atol=2e-4)
        assert body.model.body_mass[b] == pytest.approx(body.model.body_mass[other], rel=5e-3)
    place = pose(body.model, body.rest_qpos[None]).at(body.landmarks)[0]
    np.testing.assert_allclose(place, place[landmarks.MIRROR] * mirror, atol=4e-3)


def test_it_stands_on_its_soles_and_nothing_else_touches_the_floor(body):
    data = mujoco.MjData(body.model)
    mujoco.mj_forward(body.model, data)
    touching = {body.model.geom(g).name for contact in data.contact for g in contact.geom} - {"floor"}
    assert touching == set(body.soles.names)
    bottom = data.geom_xpos[[body.model.geom(n).id for n in body.soles.names], 2] - body.soles.radii
    np.testing.assert_allclose(bottom, 0.0, atol=2e-3)


def test_the_published_skin_bends_with_the_body(body):
    anatomy = read(body.published)
    surface = anatomy.surface
    stretched = Stretch.to(body.template, body.proportions).of(body.template)
    np.testing.assert_allclose(surface.vertices, stretched.vertices, atol=1e-4)
    qpos = scattered(body, 3)
    at = pose(anatomy.model, qpos)
    bent = surface.at(at)
    # What follows one segment alone moves with it.
    sure = body.template.weights.max(1) > 0.999
    segment = body.template.segments[sure, body.template.weights[sure].argmax(1)]
    local = stretched.vertices[sure] - stretched.origins[segment]
    rigid = at.origins[:, 1 + segment] + np.einsum("tvij,vj->tvi", at.rotations[:, 1 + segment], local)
    np.testing.assert_allclose(bent[:, sure], rigid, atol=5e-4)
    # The tips of toes and nose are where the landmarks are.
    nose = landmarks.INDEX["nose"]
    away = np.linalg.norm(bent - at.at(anatomy.landmarks)[:, None, nose], axis=-1).min(axis=1)
    assert away.max() < 2e-3


def test_who_was_built_before_is_not_built_again(monkeypatch, tmp_path, body):
    monkeypatch.setenv("MOTIONRECON_CACHE", str(tmp_path))
    monkeypatch.setattr(kept, "Source", _Never)
    monkeypatch.setattr(kept, "_RECENT", {})
    (path := tmp_path / "anny").mkdir()
    key = kept._key(1.70, 65.0, "neutral", 30.0)
    kept._save(path / f"{key}.npz", body.template)
    again = kept.person(1.704, 65.3, "neutral", 30.2, lambda steps: None)
    np.testing.assert_allclose(again.vertices, body.template.vertices * 1.704 / 1.70, atol=1e-9)
    assert kept.person(1.704, 65.3, "neutral", 30.2, lambda steps: None) is again, "whoever watches"
    kept._RECENT.clear()
    (path / f"{key}.npz").write_bytes(b"no archive")
    with pytest.raises(RuntimeError, match="asked"):
        kept.person(1.704, 65.3, "neutral", 30.2, lambda steps: None)


class _Never:
    def __init__(self):
        raise RuntimeError("Anny was asked")


def test_parts_of_a_box_have_the_moments_of_boxes():
    """A box of 1 x 1 x 3, cut at a height of 1: the upper part is two cubes high."""
    x, y, z = np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0, 3.0], indexing="ij")
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)

    def at(i, j, k):
        return (2 * i + j) * 3 + k

    faces = []
    for k, part in ((0, 0), (1, 1)):
        ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            faces += [((at(*a, k), at(*b, k), at(*b, k + 1)), part), ((at(*a, k), at(*b, k + 1), at(*a, k + 1)), part)]
    faces += [((at(0, 0, 0), at(1, 1, 0), at(1, 0, 0)), 0), ((at(0, 0, 0), at(0, 1, 0), at(1, 1, 0)), 0)]
    faces += [((at(0, 0, 2), at(1, 0, 2), at(1, 1, 2)), 1), ((at(0, 0, 2), at(1, 1, 2), at(0, 1, 2)), 1)]
    corners, part = np.array([f for f, _ in faces]), np.array([p for _, p in faces])
    found = Parts.of(corners, part, np.array([-1, 0])).moments(vertices)
    for low, high, own in ((0.0, 1.0, found[0]), (1.0, 3.0, found[1])):
        assert own[3, 3] == pytest.approx(high - low)
        assert own[2, 3] == pytest.approx((high**2 - low**2) / 2)
        assert own[2, 2] == pytest.approx((high**3 - low**3) / 3)
        assert own[0, 0] == pytest.approx((high - low) / 3)
        assert own[0, 1] == pytest.approx((high - low) / 4)
    stretched = moved(found, np.tile(np.diag([2.0, 1.0, 1.0]), (2, 1, 1)), np.zeros((2, 3)))
    assert stretched[1, 0, 0] == pytest.approx(2.0 * 8 / 3)
    assert INDEX["pelvis"] == 0


def test_the_bank_of_poses_is_known_to_it(body):
    """The poses are those of the capsule person, with as much in the trunk's three joints as in the one."""
    own, other = PoseBank.of(body), PoseBank.of(build(1.70))
    assert own is not None and other is not None and len(own) == len(other)
    limbs = [landmarks.INDEX[f"left_{name}"] for name in ("elbow", "wrist", "knee", "ankle")]
    away = np.linalg.norm(own.marks[:-1, limbs] - other.marks[:-1, limbs], axis=-1)
    assert np.median(away) < 0.06


def test_somebody_of_anny_is_found_again():
    """A made-up person who steps on the spot, seen by one calibrated camera."""
    truth = person(1.75)
    made = people.see(truth, people.stepping(truth, 20), people.camera((3.1, -1.5, 1.3)))
    figure = fit((made.view,), person(1.75), Plane())
    places = [pose(figure.body.model, figure.qpos).at(figure.body.landmarks), made.joints]
    assert np.linalg.norm(places[0] - places[1], axis=-1).mean() < 0.03


@pytest.mark.parametrize("age", [None, 30.0])
def test_whoever_may_be_asked_for_is_simulated(age):
    """The shortest adult's mesh is folded into itself: its shanks have moments of inertia that no matter has."""
    body = build(0.5, kind="anny", age=age)
    model = body.model
    assert model.body_mass.sum() == pytest.approx(body.mass, rel=1e-5)  # written with six digits
    inertia = np.sort(model.body_inertia[1:], axis=1)
    assert (inertia[:, 0] + inertia[:, 1] >= inertia[:, 2]).all()


def test_an_unknown_body_sex_or_age_is_refused():
    with pytest.raises(InputError, match="sex=woman"):
        reconstruct("no.mp4", sex="woman")
    with pytest.raises(InputError, match="sex=female changes nothing of a body of capsules"):
        reconstruct("no.mp4", sex="female", body="capsules")
    with pytest.raises(InputError, match="body=stick is unknown; choose one of anny, capsules"):
        reconstruct("no.mp4", body="stick")
    with pytest.raises(InputError, match="age=200"):
        reconstruct("no.mp4", age=200)


def test_hinges_that_act_together_share_what_is_known_of_their_sum(body):
    names = [body.model.joint(j).name for j in range(1, body.model.njnt)]
    shares = dict(zip(names, body.hinge_shares, strict=True))
    assert shares["lumbar_flexion"] == 0.65 and shares["left_knee_flexion"] == 1.0
    assert sum(share for name, share in shares.items() if name.startswith(("thoracic", "lumbar"))) == pytest.approx(3.0)
