"""Settings: read from environment, file and defaults, and refused when unsafe."""

import base64
from pathlib import Path

import pytest
from ssoko.config import SETTINGS, check_base_url, load_config, unknown_settings
from ssoko.errors import ConfigError

SECRET = "s" * 48
MASTER = base64.b64encode(bytes(range(32))).decode()


def environ(data_dir: Path, **settings: str) -> dict[str, str]:
    """Return an environment that is complete, changed by ``settings``."""
    complete = {"data_dir": str(data_dir), "secret_key": SECRET, "master_key": MASTER}
    return {f"SSOKO_{name.upper()}": value for name, value in (complete | settings).items()}


def test_defaults_fill_what_is_not_set(tmp_path: Path) -> None:
    config = load_config(environ(tmp_path))
    assert config.base_url == "http://localhost:8000"
    assert config.database_url == f"sqlite:///{tmp_path}/ssoko.sqlite3"
    assert config.plugins is None
    assert (config.session_idle, config.session_lifetime) == (3600, 12 * 3600)
    assert config.trusted_proxies == 0


def test_the_file_is_read_and_the_environment_goes_first(tmp_path: Path) -> None:
    written = 'base_url = "https://file.example.org"\nsession_hours = 3\nplugins = "aws, zoom"\n'
    (tmp_path / "ssoko.toml").write_text(written)
    config = load_config(environ(tmp_path, base_url="https://sso.example.org/"))
    assert config.base_url == "https://sso.example.org"
    assert config.session_lifetime == 3 * 3600
    assert config.plugins == {"aws", "zoom"}


def test_keys_are_read_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text(SECRET + "\n")
    (tmp_path / "master.key").write_text(MASTER + "\n")
    config = load_config({"SSOKO_DATA_DIR": str(tmp_path)})
    assert config.secret_key == SECRET
    assert config.master_key == bytes(range(32))


def test_repr_shows_no_secret(tmp_path: Path) -> None:
    shown = repr(load_config(environ(tmp_path)))
    assert SECRET not in shown
    assert MASTER not in shown


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"secret_key": "short"}, "SSOKO_SECRET_KEY is shorter"),
        ({"master_key": base64.b64encode(b"16 bytes, no more").decode()}, "SSOKO_MASTER_KEY"),
        ({"master_key": "not base64!"}, "SSOKO_MASTER_KEY"),
        ({"base_url": "http://sso.example.org"}, "use https"),
        ({"session_hours": "0"}, "SSOKO_SESSION_HOURS"),
        ({"session_hours": "two"}, "SSOKO_SESSION_HOURS"),
        ({"metadata_fetch_allow": "lab.example"}, "SSOKO_METADATA_FETCH_ALLOW"),
        ({"metadata_fetch_allow": "https://lab.example:443"}, "SSOKO_METADATA_FETCH_ALLOW"),
        ({"metadata_fetch_allow": "lab.example:0,a:1"}, "SSOKO_METADATA_FETCH_ALLOW"),
        ({"metadata_fetch_allow": "lab.example:65536"}, "SSOKO_METADATA_FETCH_ALLOW"),
        ({"metadata_fetch_allow": "*:443"}, "SSOKO_METADATA_FETCH_ALLOW"),
        ({"trusted_proxies": "-1"}, "SSOKO_TRUSTED_PROXIES"),
        ({"plugin_index": "https://plugins.example/index.json"}, "SSOKO_PLUGIN_INDEX.*download"),
        ({"log_level": "LOUD"}, "SSOKO_LOG_LEVEL"),
    ],
)
def test_an_unsafe_setting_is_refused_by_name(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config(environ(tmp_path, **settings))


def test_missing_keys_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Run: ssoko init"):
        load_config({"SSOKO_DATA_DIR": str(tmp_path)})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ssoko.toml").write_text("base_url = \n")
    with pytest.raises(ConfigError, match=r"ssoko\.toml: cannot be read"):
        load_config(environ(tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "http://127.0.0.1:1234",
        "http://sso.test",
        "https://sso.example.org",
        "https://sso.example.org:8443",
    ],
)
def test_a_good_base_url_is_taken_without_its_slash(url: str) -> None:
    assert check_base_url(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "sso.example.org",
        "ftp://sso.example.org",
        "https://",
        "https://sso.example.org/w",
        "https://sso.example.org/saml/sso",
        "https://sso.example.org/a/../b",
        "https://sso.example.org/a b",
        "https://sso.example.org//a",
        "https://sso.example.org?query",
        "https://user@sso.example.org",
        "http://10.0.0.1",
        "http://localhost.example.org",
    ],
)
def test_a_bad_base_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="SSOKO_BASE_URL"):
        check_base_url(url)


@pytest.mark.parametrize("path", ["/sso", "/it/sso-1", "/webapps"])
def test_a_base_url_can_be_below_a_path(path: str) -> None:
    assert check_base_url(f"https://www.example.org{path}/") == f"https://www.example.org{path}"


def test_every_setting_has_a_help_text() -> None:
    assert [one.name for one in SETTINGS if not one.help.endswith(".")] == []


def test_hosts_to_fetch_metadata_from_are_pairs_in_small_letters(tmp_path: Path) -> None:
    config = load_config(environ(tmp_path, metadata_fetch_allow="Lab.Example:8080, [::1]:443"))
    assert config.metadata_fetch_allow == {"lab.example:8080", "[::1]:443"}
    assert load_config(environ(tmp_path)).metadata_fetch_allow == frozenset()


@pytest.mark.parametrize(
    "written",
    [
        "https://sso.example.org",
        '"https://sso.example.org"',
        "'https://sso.example.org'",
        "https://sso.example.org\r",
        "\ufeffhttps://sso.example.org",
        "  https://sso.example.org/ \n",
        '"https://sso.example.org"\r\n',
        "https://SSO.example.org:443",
    ],
)
def test_a_value_is_read_as_env_files_have_it(tmp_path: Path, written: str) -> None:
    assert load_config(environ(tmp_path, base_url=written)).base_url == "https://sso.example.org"


def test_keys_and_the_folder_are_read_as_env_files_have_them(tmp_path: Path) -> None:
    quoted = {name: f'"{value}"\r' for name, value in environ(tmp_path).items()}
    config = load_config(quoted)
    assert (config.data_dir, config.secret_key) == (tmp_path, SECRET)
    assert config.master_key == bytes(range(32))


def test_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "ssoko.toml").write_text('base_url = "https://sso.example.org"\n', "utf-8-sig")
    (tmp_path / "master.key").write_text(MASTER + "\r\n", "utf-8-sig")
    config = load_config({"SSOKO_DATA_DIR": str(tmp_path), "SSOKO_SECRET_KEY": SECRET})
    assert config.base_url == "https://sso.example.org"
    assert config.master_key == bytes(range(32))


def test_a_comment_after_a_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SSOKO_SESSION_HOURS: remove the comment"):
        load_config(environ(tmp_path, session_hours="8 # a working day"))


def test_a_number_sign_in_a_password_is_no_comment(tmp_path: Path) -> None:
    url = "postgresql://u:pass #1@host/name"
    assert load_config(environ(tmp_path, database_url=url)).database_url == url


def test_an_empty_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "master.key").touch()
    with pytest.raises(ConfigError, match="master.key is empty"):
        load_config({"SSOKO_DATA_DIR": str(tmp_path), "SSOKO_SECRET_KEY": SECRET})


@pytest.mark.parametrize("url", ["http://[::1", "https://sso.example.org:port", "https://"])
def test_a_malformed_base_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="SSOKO_BASE_URL"):
        check_base_url(url)


def test_names_of_no_setting_are_found(tmp_path: Path) -> None:
    (tmp_path / "ssoko.toml").write_text('baseurl = "x"\n')
    names = unknown_settings({"SSOKO_BASEURL": "x", "SSOKO_BASE_URL": "x", "HOME": "/"}, tmp_path)
    assert names == ["SSOKO_BASEURL", "baseurl in ssoko.toml"]
