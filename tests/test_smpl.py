"""The person of SMPL's kin: what is simulated is the file's body, as the package smplx poses it."""

from __future__ import annotations

import pickle
import sys
import types
from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np
import people
import pytest
from motions import kinematic
from scipy.sparse import csc_matrix
from smpl_files import body_arrays, body_file
from support import options, require

from motionrecon.body import BODIES, build, read
from motionrecon.body.mesh.segments import Segments
from motionrecon.body.pose import pose, zero_pose
from motionrecon.body.smpl.body import SmplBody
from motionrecon.body.smpl.layouts import CARRIED, LAYOUTS, PARENTS, TREE
from motionrecon.body.tangent import integrate
from motionrecon.core import landmarks
from motionrecon.errors import InputError
from motionrecon.export import export
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import fit
from motionrecon.pipeline import reconstruct
from motionrecon.poses.bank import PoseBank
from motionrecon.result import model_check
from motionrecon.result.motion import Motion
from motionrecon.viewer import write_page

KINDS = tuple(LAYOUTS)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bodies")
    return {kind: body_file(folder, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def bodies(files) -> dict[str, SmplBody]:
    return {kind: build(1.75, 72.0, kind, body_model=path) for kind, path in files.items()}


@pytest.fixture(params=KINDS)
def body(request, bodies) -> SmplBody:
    return bodies[request.param]


def odd(body: SmplBody) -> SmplBody:
    """Somebody with another build."""
    return body.reshaped(body.shape + 0.5 * np.random.default_rng(1).standard_normal(10) * body.shape_prior.spread)


def scattered(body: SmplBody, count: int, size: float = 0.5) -> np.ndarray:
    step = size * np.random.default_rng(0).standard_normal((count, body.model.nv))
    return integrate(np.tile(body.rest_qpos, (count, 1)), step)


def posed(kind: str, file: Path, motion: Path) -> tuple[np.ndarray, np.ndarray]:
    """Joints (T, J, 3) and vertices (T, V, 3) of an AMASS file, as the package smplx poses the body."""
    require(find_spec("smplx"), "the package smplx")
    import smplx
    import torch
    from smplx.lbs import lbs

    with np.load(motion) as found, np.load(file) as model:
        betas, poses, trans = (torch.tensor(found[key]) for key in ("betas", "poses", "trans"))
        arrays = {key: torch.tensor(np.asarray(model[key], float)) for key in model.files}
    assert smplx.__name__
    parents = torch.tensor([-1, *LAYOUTS[kind].parents[1:]])
    corrections = arrays["posedirs"].reshape(-1, arrays["posedirs"].shape[-1]).T
    vertices, joints = lbs(
        betas[None, :10].expand(len(poses), -1), poses, arrays["v_template"], arrays["shapedirs"][..., :10],
        corrections, arrays["J_regressor"], parents, arrays["weights"],
    )  # fmt: skip
    return (joints + trans[:, None]).numpy(), (vertices + trans[:, None]).numpy()


def test_the_segments_are_the_joints_of_the_body_there():
    assert set(TREE.names) == set(CARRIED) and tuple(k for k in BODIES if BODIES[k].endswith("smpl")) == KINDS
    of_joints = {name: None if p < 0 else CARRIED[p] for name, p in zip(CARRIED, PARENTS, strict=True)}
    of_tree = {n: None if p < 0 else TREE.names[p] for n, p in zip(TREE.names, TREE.parents, strict=True)}
    assert of_joints == of_tree
    assert isinstance(TREE, Segments) and (np.diff(TREE.parents) != 0).any()


def test_it_loads_in_plain_mujoco_and_weighs_and_measures_what_it_should(body):
    model = mujoco.MjModel.from_xml_string(body.published)
    model_check.check(body.published)
    assert (model.nv, model.nu, model.nskin) == (42, 36, 1)
    assert model.body_mass.sum() == pytest.approx(72.0, abs=1e-3)
    assert body.family.height(body.betas) == pytest.approx(1.75, abs=1e-3)
    assert {model.site(s).name.removeprefix("seen_") for s in range(model.nsite)} == set(landmarks.NAMES)
    again = read(body.published)
    assert (again.kind, again.gender) == (body.kind, "neutral")
    np.testing.assert_allclose(again.betas, body.shaped, atol=1e-8)
    assert LAYOUTS[body.kind].name in again.licence and "https://" in again.licence


def test_its_joints_and_skin_are_where_the_file_has_them(body, files):
    """In the rest pose, of another shape: the regressor and the shapes of the file, in its own axes."""
    person = odd(body)
    arrays = body_arrays(body.kind)
    skin = arrays["v_template"] + arrays["shapedirs"][..., :10] @ person.shaped
    joints = (arrays["J_regressor"] @ skin)[: len(CARRIED)]
    anatomy = read(person.published)
    at = zero_pose(anatomy.model)
    found = np.array([at.origins[0, anatomy.model.body(name).id] for name in CARRIED])
    np.testing.assert_allclose(found[:, [1, 2, 0]] + anatomy.pelvis, joints, atol=1e-5)
    np.testing.assert_allclose(anatomy.surface.vertices[:, [1, 2, 0]] + anatomy.pelvis, skin, atol=1e-4)


def test_places_follow_the_shape_as_the_derivatives_say(body):
    step = 0.3 * np.random.default_rng(0).standard_normal(10)
    more, less = body.reshaped(body.shape + step), body.reshaped(body.shape - step)
    soles = [body.model.geom(name).id for name in body.soles.names]
    for kind, moves, rows in (
        ("body_pos", body.moves.frames, slice(2, None)),  # how high the pelvis stands is the pose's
        ("site_pos", body.moves.sites, slice(None)),
        ("geom_pos", body.moves.geoms, soles),
    ):
        change = 0.5 * (getattr(more.model, kind) - getattr(less.model, kind))
        np.testing.assert_allclose(moves[rows] @ step, change[rows], atol=5e-6)


def test_the_likeliest_of_a_height_and_mass_has_them_and_is_the_nearest_to_the_mean(body, files):
    prior = body.shape_prior
    np.testing.assert_allclose(body.likely.axes.T @ body.likely.axes, np.eye(10), atol=1e-12)
    np.testing.assert_allclose(prior.mean, body.shape, atol=1e-12)
    taller = body.likely.betas + body.likely.axes @ (0.01 * prior.growth)
    assert body.family.height(taller) == pytest.approx(1.75 * 1.01, abs=2e-3)
    assert body.family.volume(body.betas) * 1020 == pytest.approx(72.0, rel=0.02)
    for direction in body.likely.axes.T[2:]:  # to go on there changes neither, and is farther from the mean
        assert abs(body.family.height(body.betas + 0.1 * direction) - 1.75) < 2e-3
        assert abs(direction @ body.betas) < 0.05
    heavier = build(1.75, 80.0, body.kind, body_model=files[body.kind])
    assert heavier.family.volume(heavier.betas) > 1.05 * body.family.volume(body.betas)


def test_it_stands_on_its_soles_alone(body):
    data = mujoco.MjData(body.model)
    mujoco.mj_forward(body.model, data)
    touching = {body.model.geom(g).name for contact in data.contact for g in contact.geom} - {"floor"}
    assert touching and touching <= set(body.soles.names)
    bottom = data.geom_xpos[[body.model.geom(n).id for n in body.soles.names], 2] - body.soles.radii
    assert bottom.min() == pytest.approx(0.0, abs=1e-6) and bottom.max() < 0.01


def test_the_bank_of_poses_is_known_to_it(body):
    own, other = PoseBank.of(body), PoseBank.of(build(1.75))
    assert own is not None and other is not None and len(own) == len(other)
    limbs = [landmarks.INDEX[f"left_{name}"] for name in ("elbow", "wrist", "knee", "ankle")]
    assert np.median(np.linalg.norm((own.marks - other.marks)[:-1, limbs], axis=-1)) < 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_smplx_poses_what_is_exported_as_it_was_simulated(kind, bodies, files, tmp_path):
    person = odd(bodies[kind])
    motion = kinematic(scattered(person, 5), person=person)
    export(motion, tmp_path / "it.npz", origin="world")
    with np.load(tmp_path / "it.npz") as found:
        assert found["poses"].shape == (5, 3 * len(LAYOUTS[kind].parents)) and found["betas"].shape == (16,)
        assert "simulated" in str(found["exact"]) and "fitted" not in found.files
        np.testing.assert_allclose(found["betas"][:10], person.shaped, atol=1e-8)
    joints, vertices = posed(kind, files[kind], tmp_path / "it.npz")
    at = pose(motion.body.model, motion.qpos)
    ours = at.origins[:, [motion.body.model.body(name).id for name in CARRIED]]
    assert np.abs(joints[:, : len(CARRIED)] - ours).max() < 1e-4
    assert np.abs(vertices - motion.body.surface.at(at)).max() < 1e-3


def test_another_layout_or_sex_is_fitted(bodies, tmp_path):
    motion = kinematic(scattered(bodies["smplx"], 2), person=bodies["smplx"])
    export(motion, tmp_path / "it.npz", layout="smplh")
    export(motion, tmp_path / "she.npz", gender="female")
    for name in ("it", "she"):
        with np.load(tmp_path / f"{name}.npz") as found:
            assert "fitted" in found.files and not found["betas"].any()


def test_somebody_is_found_again(bodies):
    """A made-up person of another build who steps on the spot, seen by two calibrated cameras."""
    expected = bodies["smplx"]
    other = np.where(np.arange(10) < 2, 0.0, np.random.default_rng(2).standard_normal(10))  # as tall and as wide
    truth = expected.reshaped(expected.shape + other)
    qpos = people.stepping(truth, 12)
    seen = [people.see(truth, qpos, people.camera(eye)) for eye in ((3.1, -1.5, 1.3), (0.5, 3.2, 1.3))]
    figure = fit(tuple(one.view for one in seen), expected, Plane())
    places = pose(figure.body.model, figure.qpos).at(figure.body.landmarks)
    assert np.linalg.norm(places - seen[0].joints, axis=-1).mean() < 0.03

    def away(body) -> float:
        return float(np.linalg.norm([body.lengths[name] - length for name, length in truth.lengths.items()]))

    assert away(figure.body) < 0.6 * away(expected)


def test_files_are_found_as_smplx_and_amass_lay_them_out(files, tmp_path):
    from motionrecon.body.smpl.files import find

    one = files["smplx"].read_bytes()
    for path, sex, gender in (
        ("SMPLX_NEUTRAL.npz", "neutral", "neutral"),
        ("smplx/SMPLX_MALE.npz", "male", "male"),
        ("models/smplx/SMPLX_FEMALE.npz", "female", "female"),
        ("other/female/model.npz", "female", "female"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(one)
        inside = tmp_path / "other" if path.startswith("other") else tmp_path
        assert find("smplx", inside, sex) == (tmp_path / path, gender)
        assert find("smplx", tmp_path / path, "neutral") == (tmp_path / path, gender)
    assert options(body="smplx", body_model=str(tmp_path), sex="male").body_model == tmp_path


@pytest.mark.parametrize(
    ("kind", "home"),
    [("smpl", "smpl.is.tue.mpg.de"), ("smplh", "mano.is.tue.mpg.de"), ("smplx", "smpl-x.is.tue.mpg.de")],
)
def test_what_is_missing_or_wrong_is_said_with_where_to_get_it(kind, home, files, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / f"{kind.upper()}_NEUTRAL.pkl").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    (tmp_path / "rubbish.npz").write_bytes(b"rubbish")
    arrays = body_arrays(kind)
    spoiled = {
        "sparse": arrays | {"J_regressor": np.array([{}], object)},
        "less": {name: array for name, array in arrays.items() if name != "weights"},
        "shapeless": arrays | {"shapedirs": arrays["shapedirs"][:5]},
        "nan": arrays | {"v_template": arrays["v_template"] * np.nan},
        "weightless": arrays | {"weights": arrays["weights"] * 0.5},
        "other tree": arrays | {"kintree_table": arrays["kintree_table"][:, ::-1]},
        "far faces": arrays | {"f": arrays["f"] + 100},
        "one place": arrays | {"J_regressor": np.full_like(arrays["J_regressor"], 1 / arrays["J_regressor"].shape[1])},
        "open": arrays | {"f": arrays["f"][:1]},
    }
    for name, content in spoiled.items():
        np.savez(tmp_path / f"{name}.npz", **content)
    other = "smplx" if kind != "smplx" else "smplh"
    for path, said in (
        (None, f"body={kind} needs body_model=..., the .npz of"),
        (tmp_path / "nowhere", "nowhere: no such file or folder"),
        (tmp_path / "empty", f"there is no {kind.upper()}_NEUTRAL.npz .* in this folder; it is empty"),
        (tmp_path / "pickled", "_NEUTRAL.pkl: a .pkl holds programs that run when it is opened, so it is not opened"),
        (tmp_path / "rubbish.npz", "rubbish.npz: not a zip archive"),
        (tmp_path / "sparse.npz", "'J_regressor' holds object, not numbers or text"),
        (tmp_path / "less.npz", "it has no weights"),
        (tmp_path / "shapeless.npz", r"shapedirs has shape \(5, 3, \d+\), expected \(V, 3, n\)"),
        (tmp_path / "nan.npz", "v_template has values that are no numbers"),
        (tmp_path / "weightless.npz", "weights do not add up to 1"),
        (tmp_path / "other tree.npz", "its joints do not hang together as"),
        (tmp_path / "far faces.npz", "its mesh is not that of a person"),
        (tmp_path / "one place.npz", "joints of its body lie on one another"),
        (tmp_path / "open.npz", "its mesh is not closed"),
        (files[other], f"it is of {LAYOUTS[other].name} \\({other}\\)"),
    ):
        with pytest.raises(InputError, match=said) as error:
            reconstruct("no.mp4", body=kind, body_model=path)
        assert home in str(error.value), said
    assert not Path("pwned").exists()


def test_what_does_not_go_together_is_refused(files):
    with pytest.raises(InputError, match=r"body_model=.* is of no use to body=anny: .* smpl, smplh, smplx"):
        options(body="anny", body_model=files["smplx"])
    with pytest.raises(InputError, match="is of a neutral body, and sex=female was given"):
        options(body="smplx", body_model=files["smplx"], sex="female")
    with pytest.raises(InputError, match=r"height=0.5: SMPLX_NEUTRAL.npz has nobody of this height and 6 kg"):
        build(0.5, kind="smplx", body_model=files["smplx"])


def test_the_whole_road(files, tmp_path):
    """Some frames of a made-up person, from pixels to a folder that tells whose body it is."""
    truth = build(1.70, 65.0, "smplx", body_model=files["smplx"])
    made = people.see(truth, people.stepping(truth, 6), people.camera((3.1, -1.5, 1.3)))
    np.savez(
        tmp_path / "seen.npz",
        pixels=made.view.pixels,
        confidence=np.ones(made.view.pixels.shape[:2]),
        fps=30.0,
        image_size=np.array(people.SIZE),
    )
    motion = reconstruct(
        keypoints=tmp_path / "seen.npz", body="smplx", body_model=files["smplx"], output=tmp_path / "it", height=1.70
    )
    again = Motion.load(tmp_path / "it")
    assert again.report.person.body == "smplx" and "SMPL-X" in (tmp_path / "it" / "model.xml").read_text()
    np.testing.assert_allclose(again.body.surface.vertices, motion.body.surface.vertices)
    for name in ("it.glb", "it.bvh", "it.npz"):
        export(again, tmp_path / name)
    remarks = write_page(tmp_path / "it", tmp_path / "it.html")
    assert "licence" in remarks[-1] and remarks[-1] in (tmp_path / "it.html").read_text(encoding="utf-8")
    assert b"copyright" in (tmp_path / "it.glb").read_bytes() and b"SMPL-X" in (tmp_path / "it.glb").read_bytes()
    with np.load(tmp_path / "it.npz") as found:
        assert str(found["surface_model_type"]) == "smplx" and "exact" in found.files


def test_the_recipe_of_the_docs_makes_an_npz_of_a_pkl(tmp_path, monkeypatch):
    """Also of an older one, whose arrays are chumpy's and whose regressor is sparse."""
    arrays = body_arrays("smpl")
    chumpy = types.ModuleType("chumpy.ch")
    chumpy.Ch = type("Ch", (), {"__module__": "chumpy.ch"})
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", chumpy)
    shapes = chumpy.Ch()
    shapes.x = arrays["shapedirs"]
    body = arrays | {"shapedirs": shapes, "J_regressor": csc_matrix(arrays["J_regressor"]), "posedirs": np.zeros(1)}
    (tmp_path / "SMPL_NEUTRAL.pkl").write_bytes(pickle.dumps(body))
    text = (Path(__file__).parent.parent / "docs" / "smpl.md").read_text(encoding="utf-8")
    recipe = text[text.index("```python\n") + len("```python\n") :].partition("```")[0]
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "SMPL_NEUTRAL.pkl"), str(tmp_path / "SMPL_NEUTRAL.npz")])
    exec(recipe, {"__name__": "recipe"})
    assert build(1.70, kind="smpl", body_model=tmp_path).betas.any()
