"""What errors and warnings say stays short, whatever a file holds."""

import pytest

from motionrecon.cameras.files import load_camera
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError, ModelError, OutputError
from motionrecon.run import Run

ENDLESS = ["- " * 200_000, "9" * 400_000, "nine 9,\t" * 100_000, "word " * 300]
SHORTEST = "matrix is [1, 2]; give 3 x 3 numbers"


@pytest.mark.parametrize("endless", ENDLESS)
@pytest.mark.parametrize("kind", [InputError, OutputError, ModelError])
def test_a_message_shows_the_ends_of_what_is_endless(kind, endless):
    said = str(kind(f"walk.mp4: {endless}; choose another"))
    assert len(said) <= 1000 and "…" in said
    assert said.startswith("walk.mp4: ") and said.endswith("; choose another")
    assert str(kind(SHORTEST)) == SHORTEST
    whole = "a word " * 142
    assert str(kind(whole)) == whole


@pytest.mark.parametrize("endless", ENDLESS)
def test_so_does_a_warning(endless):
    class Heard(Silent):
        def warn(self, text):
            heard.append(text)

    heard, run = [], Run(Heard())
    run.warn(f"camera {endless} is far away")
    assert run.warnings == heard and len(heard[0]) <= 1000 and heard[0].endswith(" is far away")


QUALISYS = (
    '<calibration><cameras><camera serial="{0}"><fov_video left="0" top="0" right="9" bottom="9"/>'
    '<intrinsic focalLengthU="{1}"/></camera></cameras></calibration>'
)


@pytest.mark.parametrize("endless", ENDLESS)
@pytest.mark.parametrize(
    "text",
    [
        QUALISYS.replace("{1}", "1"),
        QUALISYS.replace("{0}", "cam").replace("{1}", "{0}").replace("/></camera>", ' focalLengthV="1"/></camera>'),
        '["{0}"]\nname = "a"\nsize = [9, 9]\nmatrix = [[1]]\n',
        '[a]\nsize = [9, 9]\n"{0}" = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]\n',
        '[a]\nname = "{0}"\nsize = [9, 9]\nmatrix = "{0}"\n',
        '{{"{0}": {{"matrix": "{0}", "size": [9, 9]}}}}',
        "%YAML:1.0\n---\nmatrix: {0}\n",
        "<opencv_storage><matrix>{0}</matrix></opencv_storage>",
    ],
    ids=[
        "Qualisys's serial",
        "Qualisys's number",
        "TOML's table",
        "TOML's key",
        "TOML's values",
        "JSON",
        "YAML",
        "XML",
    ],
)
def test_every_format_of_calibrations_is_refused_in_a_short_line(tmp_path, text, endless):
    path = tmp_path / "calibration"
    path.write_text(text.format(endless))
    with pytest.raises(InputError) as error:
        load_camera(path, None, (9, 9))
    said = str(error.value)
    assert len(said) <= 1000 and "calibration" in said and "\n" not in said
