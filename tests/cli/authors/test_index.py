"""``ssoko index build`` creates an index from wheels, or writes nothing on errors."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ssoko.cli import cli
from ssoko.plugin.host.index import read_index

ROOT = Path(__file__).parents[3]
METADATA = """Metadata-Version: 2.1
Name: ssoko-{name}
Version: {version}
License: MIT
Summary: Sign in to {name} with Ssoko
Requires-Dist: ssoko <0.2,>=0.1
Requires-Dist: marshmallow >=4

About {name}.
"""
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that builds a wheel of a plugin, with errors if requested."""

    def pack(
        name: str = "zoom", version: str = "0.1.0", slug: str = "", old: str = "", new: str = ""
    ) -> Path:
        package = f"ssoko_{name}"
        path = tmp_path / f"{package}-{version}-py3-none-any.whl"
        info = f"{package}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            for file in sorted((ROOT / "plugins" / name / package).glob("*.*")):
                text = file.read_text("utf-8")
                if file.name == "__init__.py":
                    assert old in text
                    text = text.replace(old, new)
                wheel.writestr(f"{package}/{file.name}", text)
            wheel.writestr(f"{info}/METADATA", METADATA.format(name=name, version=version))
            points = f"[ssoko.integrations]\n{slug or name} = {package}\n"
            wheel.writestr(f"{info}/entry_points.txt", points)
        return path

    return pack


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out" / "index.json"


def build(output: Path, *wheels: Path) -> Result:
    output.parent.mkdir(exist_ok=True)
    words = ["index", "build", *map(str, wheels), "--output", str(output)]
    return CliRunner().invoke(cli, words)


def test_index_is_built_from_wheels(make, output):
    zoom, slack = make("zoom"), make("slack")
    result = build(output, zoom, slack)
    assert result.exit_code == 0, result.output
    assert "zoom                     ssoko-zoom 0.1.0  Gold" in result.output
    entries = read_index(output.read_bytes())
    assert list(entries) == ["slack", "zoom"]
    entry = entries["zoom"]
    assert (entry.distribution, entry.version) == ("ssoko-zoom", "0.1.0")
    assert (entry.requires_core, entry.tier) == (">=0.1,<0.2", "gold")
    assert entry.sha256 == hashlib.sha256(zoom.read_bytes()).hexdigest()
    assert (entry.about.name, entry.about.publisher) == ("Zoom", "Ssoko")
    assert "People start meetings" in entry.about.description
    before = output.read_bytes()
    assert build(output, slack, zoom).exit_code == 0
    assert output.read_bytes() == before
    assert [path.name for path in output.parent.iterdir()] == ["index.json"]


def test_only_the_newest_version_is_listed(make, output):
    result = build(output, make(version="0.9.0"), make(version="0.10.0"), make(version="0.2.0"))
    assert result.exit_code == 0, result.output
    assert read_index(output.read_bytes())["zoom"].version == "0.10.0"


FORM = "class InstallForm(fields.Form):"

BROKEN = {
    "import": ({"old": FORM, "new": f"import nowhere\n{FORM}"}, "No module named 'nowhere'"),
    "exit": ({"old": FORM, "new": f"import os\nos._exit(0)\n{FORM}"}, "its code ended"),
    "name": ({"old": 'name="Zoom"', "new": 'name="<\\n>"'}, "Integration.name: use one line"),
    "homepage": (
        {"old": "https://support.zoom.com", "new": "http://localhost"},
        "zoom.homepage: Enter a URL",
    ),
    "logo": ({"old": 'name="Zoom"', "new": 'name="Zoom", logo="<svg/>"'}, "the logo's first"),
    "slug": ({"slug": "Zoom"}, "is not a slug"),
    "version": ({"version": "first"}, "zoom.version: Enter a version"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_faulty_wheel_is_named_and_nothing_is_written(make, output, case):
    changes, expected = BROKEN[case]
    output.parent.mkdir()
    output.write_text("what was there")
    wheel = make(**changes)
    result = build(output, make("slack"), wheel)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith("Error: wheels: ")
    assert wheel.name in line
    assert expected in line
    assert output.read_text() == "what was there"
    assert [path.name for path in output.parent.iterdir()] == ["index.json"]


def test_distributions_with_the_same_slug_are_both_named(make, output):
    zoom, slack = make("zoom"), make("slack", slug="zoom")
    result = build(output, zoom, slack)
    assert result.exit_code == 1
    assert zoom.name in result.output
    assert slack.name in result.output
    assert not output.exists()


@pytest.mark.parametrize("text", ["", "no zip"])
def test_file_that_is_not_a_wheel_is_refused(tmp_path, output, text):
    path = tmp_path / "x-1-py3-none-any.whl"
    if text:
        path.write_text(text)
    result = build(output, path)
    assert result.exit_code == 1
    assert "x-1-py3-none-any.whl is not a wheel" in result.output


def test_unwritable_output_is_reported(make, tmp_path):
    target = tmp_path / "nowhere" / "index.json"
    result = CliRunner().invoke(cli, ["index", "build", str(make()), "--output", str(target)])
    assert result.exit_code == 1
    assert f"{target} cannot be written: No such file" in result.output


def test_plugins_command_warns_about_a_broken_index_and_continues(tmp_path, monkeypatch):
    path = tmp_path / "index.json"
    path.write_text("[]")
    monkeypatch.setenv("SSOKO_PLUGIN_INDEX", str(path))
    monkeypatch.setenv("SSOKO_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(cli, ["plugins", "--json"])
    assert result.exit_code == 0, result.output
    assert f"Warning: the plugin index {path} is not used: The file must" in result.stderr
    assert json.loads(result.stdout)["items"]
