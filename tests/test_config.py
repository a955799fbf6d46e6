"""Options: what is refused, and how they are saved."""

import json
from pathlib import Path

import numpy as np
import pytest
from support import options

import motionrecon
from motionrecon.errors import InputError
from motionrecon.options import Options


def test_the_defaults_make_sense():
    assert options().check() == options()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"height": 17}, r"height=17 .*did you mean 1\.7\?"),
        ({"height": 182}, r"height=182 .*did you mean 1\.82\?"),
        ({"height": 5.9}, r"height=5\.9 .*did you mean 1\.8\?"),
        ({"height": 0.3}, r"height=0\.3 .*between 0\.5 and 2\.5 m$"),
        ({"height": float("nan")}, "height=nan"),
        ({"mass": 7}, "mass=7 .*between 10 and 300 kg"),
        ({"fov": 5}, "fov=5"),
        ({"fov": 180}, "fov=180"),
        ({"fov": 1.1}, "fov=1.1 is out of range.* did you mean 63"),
        ({"fov": 1200}, "is it a focal length"),
        ({"focal_px": 0}, "focal_px=0"),
        ({"focal_px": float("nan")}, "focal_px=nan"),
        ({"fov": 60, "focal_px": 1000}, r"fov=\.\.\. and focal_px=\.\.\."),
        ({"camera": __file__, "fov": 60}, r"camera=\.\.\. and fov=\.\.\."),
        ({"camera_name": "cam_01"}, "camera_name=cam_01 needs camera="),
        ({"camera": "nowhere.toml"}, r"camera=nowhere\.toml: no such file"),
        ({"camera": Path(__file__).parent}, "is a folder"),
        ({"keypoints": "nowhere"}, "keypoints=nowhere: no such file or folder"),
        ({"start": -1}, "start=-1"),
        ({"start": float("nan")}, "start=nan"),
        ({"start": 3, "end": 2}, "end=2 must come after start=3"),
        ({"start": 2, "end": 2}, "end=2 must come after start=2"),
        ({"end": 0}, "end=0"),
        ({"window": 0.05}, r"window=0\.05"),
        ({"window": 60}, "window=60"),
        ({"window": 0.5, "overlap": 0.5}, r"overlap=0\.5 .*below the window's length, 0\.5 s"),
        ({"overlap": -0.1}, "overlap="),
        ({"detector": "light"}, "detector=light is unknown; choose one of full, heavy"),
        ({"optimizer": "sgd"}, "optimizer=sgd is unknown; choose one of .*lm"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_nonsense_is_refused_in_one_line_that_names_the_parameter(given, message):
    with pytest.raises(InputError, match=message) as error:
        options(**given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("given", [{"height": 0.5}, {"height": 2.5}, {"start": 0, "end": 0.01}, {"overlap": 0}])
def test_the_ends_of_the_ranges_are_accepted(given):
    options(**given)


def test_a_height_counts_as_given_even_if_it_equals_the_assumed_one():
    assert not options().height_given
    assert options(height=1.70).height_given
    assert options(**vars(options())) == options() and not options(**vars(options())).height_given


def test_an_unknown_option_is_python_s_own_error():
    with pytest.raises(TypeError, match="heigth"):
        motionrecon.reconstruct("walk.mp4", heigth=1.8)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"height": "tall"}, "height='tall' cannot be used: expected a number"),
        ({"height": True}, "height=True cannot be used: expected a number"),
        ({"seed": 1.5}, "seed=1.5 cannot be used: expected a whole number"),
        ({"physics": "no"}, "physics='no' cannot be used: expected true or false"),
        ({"camera": 3}, "camera=3 cannot be used"),
        ({"camera_name": 1}, "camera_name=1 cannot be used: expected a text"),
        ({"start": [1]}, r"start=\[1\] cannot be used: expected a number"),
        ({"filmed_fps": 0}, "filmed_fps=0 is out of range"),
        ({"filmed_fps": float("inf")}, "filmed_fps=inf is out of range"),
        ({"person": "somebody"}, "person=somebody is nobody"),
    ],
)
def test_another_type_is_refused_by_name(given, message):
    with pytest.raises(InputError, match=message):
        motionrecon.reconstruct("walk.mp4", **given)


def test_numbers_of_numpy_and_whole_ones_are_numbers():
    found = options(height=np.float32(1.75), mass=70, seed=np.int64(3), person=(640, 360), fov=np.float64(60))
    assert (found.height, found.mass, found.seed, found.person, found.fov) == (1.75, 70.0, 3, ("640,360",), (60.0,))


def test_what_may_be_given_for_each_camera_is_a_tuple():
    assert options(filmed_fps=240).filmed_fps == (240.0,) and options(filmed_fps=[240, 60]).filmed_fps == (240.0, 60.0)
    assert options(filmed_fps=240).to_dict()["filmed_fps"] == 240.0 and options().to_dict()["filmed_fps"] is None
    assert Options.per_camera() == {
        "camera_name": str, "fov": float, "focal_px": float, "filmed_fps": float, "keypoints": Path, "person": str,
        "offset": float,
    }  # fmt: skip


def test_a_list_of_persons_is_one_for_each_camera_a_pair_of_numbers_a_point():
    assert options(video=["a.mp4", "b.mp4"], person=[1, 2]).person == ("1", "2")
    assert options(keypoints=[__file__, Path(__file__).parent], person=[1, 2]).person == ("1", "2")
    assert options(keypoints=[__file__, Path(__file__).parent], person=(1, 2)).person == ("1,2",)
    assert options(video="a.mp4", person=[1, 2]).person == options(keypoints=__file__, person=[1, 2]).person == ("1,2",)


def test_saved_options_repeat_the_run():
    asked = options(height=1.8, camera=__file__, keypoints=__file__, physics=False, seed=3)
    saved = json.loads(json.dumps(asked.to_dict()))
    assert options(**saved) == asked
    nothing_said = json.loads(json.dumps(options().to_dict()))
    assert nothing_said["height"] is None
    assert options(**nothing_said) == options() and not options(**nothing_said).height_given
