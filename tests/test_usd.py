"""USD files, read by OpenUSD: its own skinning of what was written gives the person's surface."""

from __future__ import annotations

import builtins
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from motions import walking
from support import require

from motionrecon.body.pose import pose
from motionrecon.errors import OutputError
from motionrecon.export import export
from motionrecon.export.presets import Y_UP


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usdz"])
def test_openusd_bends_the_skin_as_the_person_moves(tmp_path: Path, suffix: str) -> None:
    require(find_spec("pxr"), "OpenUSD (usd-core)")
    from pxr import Usd, UsdGeom, UsdSkel, Vt

    motion = walking(5)
    export(motion, tmp_path / f"walk{suffix}", origin="world", preset="mixamo")
    assert [path.name for path in tmp_path.iterdir()] == [f"walk{suffix}"]
    stage = Usd.Stage.Open(str(tmp_path / f"walk{suffix}"))
    assert (stage.GetTimeCodesPerSecond(), stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (30, 0, 4)
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1
    root = UsdSkel.Root(stage.GetDefaultPrim())
    cache = UsdSkel.Cache()
    cache.Populate(root, Usd.PrimDefaultPredicate)
    (binding,) = cache.ComputeSkelBindings(root, Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(binding.GetSkeleton())
    assert query.GetJointOrder()[0] == "mixamorig_Hips"
    (target,) = binding.GetSkinningTargets()
    wanted = motion.body.surface.at(pose(motion.model, motion.qpos)) @ Y_UP.T
    for t in range(5):
        points = Vt.Vec3fArray(UsdGeom.Mesh(target.GetPrim()).GetPointsAttr().Get())
        assert target.ComputeSkinnedPoints(query.ComputeSkinningTransforms(t), points, t)
        np.testing.assert_allclose(np.array(points), wanted[t], atol=1e-4)


def test_without_openusd_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def missing(name: str, *rest: object, **more: object) -> object:
        if name.partition(".")[0] == "pxr":
            raise ImportError(name)
        return found(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(OutputError, match="run: pip install usd-core"):
        export(walking(2), tmp_path / "walk.usda")
    assert not list(tmp_path.iterdir())
