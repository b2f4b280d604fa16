"""A new plugin is a complete distribution, and existing files are kept."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from ssoko.cli import cli
from ssoko.errors import InputError
from ssoko.plugin.tools import scaffold


def new(*words: str):
    return CliRunner().invoke(cli, ["plugin", "new", *words])


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_complete_distribution_is_written_and_the_next_command_is_printed(empty_folder):
    result = new("zoom", "--defaults")
    assert result.exit_code == 0, result.output
    names = {p.relative_to(empty_folder).as_posix() for p in empty_folder.rglob("*.*")}
    assert names >= {
        "ssoko-zoom/setup.cfg",
        "ssoko-zoom/pyproject.toml",
        "ssoko-zoom/README.md",
        "ssoko-zoom/CHANGELOG.md",
        "ssoko-zoom/ssoko_zoom/__init__.py",
        "ssoko-zoom/ssoko_zoom/guide.md",
        "ssoko-zoom/ssoko_zoom/logo.svg",
        "ssoko-zoom/ssoko_zoom/py.typed",
        "ssoko-zoom/tests/test_zoom.py",
    }
    assert (empty_folder / "ssoko-zoom" / "LICENSE").is_file()
    assert result.output.endswith("Next: cd ssoko-zoom && pip install -e . && ssoko dev\n")


def test_names_and_category_are_in_the_files(empty_folder):
    new("google-workspace", "--vendor", "Google", "--category", "Productivity", "--defaults")
    code = (empty_folder / "ssoko-google-workspace/ssoko_google_workspace/__init__.py").read_text()
    assert 'name="Google Workspace"' in code
    assert 'vendor="Google"' in code
    assert 'category="Productivity"' in code
    setup = (empty_folder / "ssoko-google-workspace/setup.cfg").read_text()
    assert "google-workspace = ssoko_google_workspace" in setup


def test_title_with_a_placeholder_is_kept(empty_folder):
    new("hr", "--title", "Acme acme HR", "--defaults")
    code = (empty_folder / "ssoko-hr/ssoko_hr/__init__.py").read_text()
    assert 'name="Acme acme HR"' in code


@pytest.mark.parametrize("slug", ["crm", "a-b-c", "x2"])
def test_new_plugin_is_valid_python_without_placeholders(slug, empty_folder):
    new(slug, "--defaults")
    for path in (empty_folder / f"ssoko-{slug}").rglob("*"):
        assert "acme" not in path.name
        if path.is_file():
            assert not re.search("acme", path.read_text(), re.IGNORECASE), path
            if path.suffix == ".py":
                compile(path.read_text(), str(path), "exec")


def test_existing_folder_is_not_overwritten(empty_folder):
    new("zoom", "--defaults")
    (empty_folder / "ssoko-zoom/setup.cfg").write_text("mine")
    result = new("zoom", "--defaults")
    assert result.exit_code == 1
    assert "ssoko-zoom already exists" in result.output
    assert (empty_folder / "ssoko-zoom/setup.cfg").read_text() == "mine"


@pytest.mark.parametrize(
    ("slug", "hint"),
    [
        ("Google Workspace", "such as google-workspace"),
        ("../zoom", "such as zoom"),
        ("zoom_us", "such as zoom-us"),
        ("2fa", "such as fa"),
        ("zoom-", "such as zoom"),
        ("z" * 41, "up to 40"),
        ("", "starting with a letter"),
    ],
)
def test_invalid_slug_is_refused_with_a_suggestion(slug, hint, empty_folder):
    result = new(slug, "--defaults")
    assert result.exit_code == 1
    assert repr(slug) in result.output
    assert hint in result.output
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 'Zoom" + "'),
        ("title", "Zoom\nx"),
        ("vendor", "Zo{om}"),
        ("vendor", "x" * 61),
        ("category", "Toys"),
    ],
)
def test_name_with_special_characters_is_refused(field, value, empty_folder):
    with pytest.raises(InputError) as caught:
        scaffold.write_plugin(empty_folder, "zoom", **{field: value})
    assert list(caught.value.errors) == [field]
    assert not list(empty_folder.iterdir())
