"""A model.xml is looked at before MuJoCo gets it: it may name no file, and ask for nothing out of proportion."""

import mujoco
import pytest
from motions import body

from motionrecon.result import model_check

INSIDE = '<body><freejoint/><geom size="1"/></body>'


def model(inside="", *, before=""):
    return f"<mujoco>{before}<worldbody>{INSIDE}{inside}</worldbody></mujoco>"


def test_a_body_of_ours_passes():
    model_check.check(body().mjcf)


def test_a_skin_whose_points_stand_in_the_model_passes():
    mesh = '<asset><mesh name="skin" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset>'
    text = model('<geom type="mesh" mesh="skin" mass="1"/>', before=mesh)
    model_check.check(text)
    mujoco.MjModel.from_xml_string(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (model('<include file="/etc/passwd"/>'), "<include>"),
        (model(before='<include file="body.xml"/>'), "<include>"),
        (model(before='<extension><plugin plugin="mujoco.pid"/></extension>'), "<extension>"),
        (model(before='<compiler meshdir="/"/>'), "meshdir"),
        (model(before='<asset><mesh name="a" file="a.stl"/></asset>'), 'file="a.stl"'),
        (model(before='<asset><mesh name="a" builtin="sphere" params="10"/></asset>'), "builtin"),
        (model(before='<asset><mesh name="a"><plugin plugin="mujoco.sdf.bolt"/></mesh></asset>'), "<plugin>"),
        (model(before='<asset><texture type="2d" builtin="flat" width="60000" height="60000"/></asset>'), "<texture>"),
        (model(before='<asset><hfield name="a" nrow="60000" ncol="60000" size="1 1 1 1"/></asset>'), "<hfield>"),
        (model(before='<asset><model name="a" file="a.xml"/></asset>'), "<model>"),
        (model('<replicate count="1000000000"><geom size="1"/></replicate>'), "<replicate>"),
        (model('<composite type="cable" count="100000 1 1"/>'), "<composite>"),
        (model('<flexcomp name="a" type="grid" count="1000 1000 1000"/>'), "<flexcomp>"),
        (model(before='<size memory="500G"/>'), "<size>"),
        (model(before='<option iterations="2000000000"/>'), "iterations"),
        (model(before='<option iterations="nan"/>'), "iterations"),
        (model(before='<visual><quality shadowsize="1000000"/></visual>'), "shadowsize"),
        (model(before='<custom><numeric name="a" size="1000000000"/></custom>'), "<numeric>"),
        (model("<body>" * 200 + "</body>" * 200), "deep"),
        (model('<geom size="1"/>' * 3000), "2000 of <geom>"),
        ('<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><mujoco model="&b;"/>', "document type"),
        ('<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><mujoco model="&a;"/>', "document type"),
        (model('<geom size="nan"/>'), "no number of a body"),
        (model('<geom size="1 2 -1e400"/>'), "no number of a body"),
        (model('<geom size="1" pos="0 0 1e300"/>'), "no number of a body"),
        ("<robot/>", "not a MuJoCo model"),
        ("<mujoco>", "not XML"),
        ("", "not XML"),
        ("\x00\ud800", "not XML"),
        ("<mujoco>" + " " * model_check.LIMIT + "</mujoco>", "MB"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        model_check.check(text)
