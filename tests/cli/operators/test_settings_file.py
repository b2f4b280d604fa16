"""Change one line of ssoko.toml and keep the rest."""

import stat
import tomllib
from pathlib import Path

import pytest
from ssoko.cli.operators import settings_file
from ssoko.errors import ConfigError


def write_setting(path: Path, before: str, value: str = "zoom") -> str:
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
def test_other_lines_stay_unchanged(tmp_path: Path, before: str, after: str) -> None:
    text = write_setting(tmp_path / "ssoko.toml", before)
    assert text.endswith(after)
    assert tomllib.loads(text)["disabled_plugins"] == "zoom"


@pytest.mark.parametrize(
    "before",
    [
        'disabled_plugins = """\nslack"""\n',
        'text = """\ndisabled_plugins = "slack"\n"""\n',
        'disabled_plugins = ["a", # one\n "b"]\n',
        '"disabled_plugins" = "a"\n',
    ],
)
def test_unsupported_syntax_is_refused_and_left_unchanged(tmp_path: Path, before: str) -> None:
    path = tmp_path / "ssoko.toml"
    with pytest.raises(ConfigError, match="Add this line yourself"):
        write_setting(path, before)
    assert path.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["ssoko.toml"]


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o664, 0o660)])
def test_file_mode_gives_no_access_to_other_users(tmp_path: Path, before: int, after: int) -> None:
    path = tmp_path / "ssoko.toml"
    path.write_text("a = 1\n")
    path.chmod(before)
    settings_file.write_text(path, "disabled_plugins", "zoom")
    assert stat.S_IMODE(path.stat().st_mode) == after


def test_new_file_is_private_and_a_symlink_stays_a_symlink(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "ssoko.toml"
    link.symlink_to(real)
    settings_file.write_text(link, "disabled_plugins", "zoom")
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
