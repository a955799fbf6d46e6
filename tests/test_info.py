"""`motionrecon info` says what is there, and fetches nothing."""

import json
from importlib import resources
from pathlib import Path

from motionrecon import info
from motionrecon.keypoints import models
from motionrecon.optimus.shipped import INDEX, records


def test_it_names_what_a_bug_report_needs():
    facts = info.collect()
    assert {"mediapipe", "mujoco", "numpy", "opencv-python", "opencv-contrib-python"} <= set(facts["packages"])
    assert all(version[0].isdigit() for version in facts["packages"].values())
    assert facts["detectors"]["full"].startswith("ok")
    assert "libavcodec" in facts["video libraries"]
    assert json.loads(info.as_json(facts)) == facts
    text = info.as_text(facts)
    assert facts["motionrecon"] in text and facts["packages"]["mujoco"] in text
    assert len(text.splitlines()) == len(facts)
    assert "torch" in facts["packages"]


def test_weights_are_told_by_their_hashes(optimus_weights):
    from motionrecon.core.files import sha256

    found = info.collect()["weights"]
    assert found["optimus-windows"] == f"ok ({sha256(optimus_weights)[:12]})"
    assert {"bank of poses", "poses", "poses-runs"} <= {name for name, said in found.items() if said.startswith("ok")}


def test_all_that_was_trained_is_told():
    told = info.collect()["weights"]
    shelves = [index.parent for index in Path(str(resources.files("motionrecon.models"))).glob(f"*/{INDEX}")]
    assert {shelf.name for shelf in shelves} >= {"optimus", "poses", "depth"}
    assert {name for shelf in shelves for name in records(shelf)} <= told.keys()


def test_damaged_weights_are_told(optimus_weights, tmp_path, monkeypatch):
    from motionrecon.optimus import weights
    from motionrecon.research.training.ship import ship

    ship(optimus_weights, "optimus", "command", tmp_path)
    (tmp_path / "optimus.safetensors").write_bytes(b"")
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    assert "damaged" in info._weights()["optimus"]


def test_a_model_is_not_fetched_and_a_damaged_one_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTIONRECON_CACHE", str(tmp_path))
    record = models.records()["heavy"]
    assert "not fetched" in info._detector("heavy", record)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / record["file"]).write_bytes(b"half a model")
    assert "damaged" in info._detector("heavy", record)


def test_drawing_that_does_not_work_is_reported_not_raised(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "nonsense")
    assert "does not work with nonsense" in info._drawing()
