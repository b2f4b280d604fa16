"""One line of ssoko.toml is changed, and the rest stays as it was."""

import stat
import tomllib
from pathlib import Path

import pytest
from ssoko.cli.operators import settings_file
from ssoko.errors import ConfigError


def written(path: Path, before: str, value: str = "zoom") -> str:
    path.write_text(before)
    settings_file.write_text(path, "disabled_plugins", value)
    return path.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'disabled_plugins = "zoom"\n'),
        ("# mine\nbase_url = 'x'", "# mine\nbase_url = 'x'\ndisabled_plugins = \"zoom\"\n"),
        (
            "a = 1\n  disabled_plugins='slack'   # since May\nb = 2\n",
            'a = 1\ndisabled_plugins = "zoom"   # since May\nb = 2\n',
        ),
        ('disabled_plugins = ["a", "b"]\n', 'disabled_plugins = "zoom"\n'),
        (
            "a = 1\n\n[more]\ndisabled_plugins = 'theirs'\n",
            "a = 1\n\ndisabled_plugins = \"zoom\"\n[more]\ndisabled_plugins = 'theirs'\n",
        ),
        (
            '# disabled_plugins = "x"\na = 1\n',
            '# disabled_plugins = "x"\na = 1\ndisabled_plugins = "zoom"\n',
        ),
    ],
)
def test_the_rest_stays_as_somebody_wrote_it(tmp_path: Path, before: str, after: str) -> None:
    found = written(tmp_path / "ssoko.toml", before)
    assert found.endswith(after)
    assert tomllib.loads(found)["disabled_plugins"] == "zoom"


@pytest.mark.parametrize(
    "before",
    [
        'disabled_plugins = """\nslack"""\n',
        'text = """\ndisabled_plugins = "slack"\n"""\n',
        'disabled_plugins = ["a", # one\n "b"]\n',
        '"disabled_plugins" = "a"\n',
    ],
)
def test_what_is_too_artful_is_left_alone(tmp_path: Path, before: str) -> None:
    path = tmp_path / "ssoko.toml"
    with pytest.raises(ConfigError, match="write this line by hand"):
        written(path, before)
    assert path.read_text() == before
    assert [one.name for one in tmp_path.iterdir()] == ["ssoko.toml"]


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o664, 0o660)])
def test_nobody_else_gets_to_read_it(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "ssoko.toml"
    path.write_text("a = 1\n")
    path.chmod(before)
    settings_file.write_text(path, "disabled_plugins", "zoom")
    assert stat.S_IMODE(path.stat().st_mode) == after


def test_a_new_file_is_its_owners_alone_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "ssoko.toml"
    link.symlink_to(real)
    settings_file.write_text(link, "disabled_plugins", "zoom")
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
