"""Settings: read once at start from environment and ``ssoko.toml``, and validated."""

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ssoko.errors import ConfigError

#: File in the data directory with the settings; ``ssoko init`` creates it.
CONFIG_FILE = "ssoko.toml"
SECRET_FILE = "secret.key"  # noqa: S105 - a file name
MASTER_FILE = "master.key"

#: First parts of the paths of Ssoko itself.
_OWN_PATHS = {"w", "saml", "api", "plugins", "dev"}
#: Hosts for which http is allowed: loopback and reserved names (RFC 6761, RFC 2606).
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_LOCAL_SUFFIXES = (".localhost", ".test", ".example", ".invalid")


#: What may stand around a value: blanks, line ends, a byte order mark, a zero-width space.
_AROUND = " \t\r\n\u00a0\ufeff\u200b"
#: A comment after a value; env files do not cut it off.
_COMMENT = re.compile(r"\s#")
#: Settings with free text, where it is no comment.
_FREE = frozenset({"database_url", "secret_key", "master_key", "data_dir", "plugin_index"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting. Its environment variable is ``SSOKO_`` and the name in uppercase."""

    name: str
    default: str
    help: str

    @property
    def variable(self) -> str:
        return f"SSOKO_{self.name.upper()}"


SETTINGS = (
    Setting("data_dir", "./data", "Directory of the configuration, the keys and the SQLite file."),
    Setting("base_url", "http://localhost:8000", "Public URL of Ssoko."),
    Setting(
        "database_url",
        "",
        "sqlite:///file.sqlite3 or postgresql://user@host/name; "
        "default: ssoko.sqlite3 in the data directory.",
    ),
    Setting("secret_key", "", "Signs cookies. Default: the content of secret.key."),
    Setting(
        "master_key",
        "",
        "Encrypts the private keys; 32 bytes in base64. Default: the content of master.key.",
    ),
    Setting(
        "plugins",
        "*",
        "Plugins to load: slugs separated by commas, or * for all. slug=distribution chooses one "
        "of two distributions that have the slug.",
    ),
    Setting("disabled_plugins", "", "Plugins not to load: slugs separated by commas."),
    Setting("opt_in_plugins", "", "Plugins to load that are off by default: slugs."),
    Setting(
        "plugin_index",
        "",
        "Path of a plugin index, created by `ssoko index build`.",
    ),
    Setting("session_idle_minutes", "60", "Minutes without activity after which a session ends."),
    Setting("session_hours", "12", "Hours after which every session ends."),
    Setting("trusted_proxies", "0", "Number of proxies that set X-Forwarded-For and -Proto."),
    Setting(
        "trusted_hosts",
        "",
        "Additional host names that requests may use, separated by commas.",
    ),
    Setting("event_days", "400", "Days after which events in the activity log are deleted."),
    Setting(
        "rate_limit_url",
        "memory://",
        "Where failed sign-ins are counted; redis://host shares the count between processes.",
    ),
    Setting(
        "metadata_fetch_allow",
        "",
        "Additional hosts to fetch metadata from: host:port pairs, separated by commas.",
    ),
    Setting("log_level", "INFO", "DEBUG, INFO, WARNING or ERROR."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The validated settings. ``repr`` shows no secrets."""

    data_dir: Path
    base_url: str
    database_url: str
    secret_key: str
    master_key: bytes
    plugins: frozenset[str] | None
    plugin_distributions: Mapping[str, str]
    disabled_plugins: frozenset[str]
    opt_in_plugins: frozenset[str]
    plugin_index: Path | None
    session_idle: int
    session_lifetime: int
    event_days: int
    trusted_proxies: int
    trusted_hosts: tuple[str, ...]
    rate_limit_url: str
    metadata_fetch_allow: frozenset[str]
    log_level: str

    def __repr__(self) -> str:
        return f"<Config {self.base_url} in {self.data_dir}>"

    @property
    def database_file(self) -> Path:
        """The SQLite file."""
        return Path(unquote(self.database_url.removeprefix("sqlite:///")))

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """Read the environment, then the files of the data directory, then the defaults.

    :param environ: default: the environment of the process.
    :raises ConfigError: with the setting and what to do.
    """
    environ = os.environ if environ is None else environ
    by_name = {s.name: s for s in SETTINGS}
    data_dir = data_dir_of(environ)
    written = _read_file(data_dir / CONFIG_FILE)

    def value(name: str) -> str:
        found = clean(environ.get(by_name[name].variable, "")) or written.get(name)
        text = clean(_text(found)) if found is not None else by_name[name].default
        if _COMMENT.search(text) and name not in _FREE:
            raise ConfigError(
                f"{by_name[name].variable}: remove the comment after the value {text!r}; here it "
                "is a part of the value"
            )
        return text

    secret_key = value("secret_key") or _read_key(data_dir / SECRET_FILE)
    if len(secret_key) < 32:
        raise ConfigError("SSOKO_SECRET_KEY is shorter than 32 characters. Run: ssoko init")
    return Config(
        data_dir=data_dir,
        base_url=check_base_url(value("base_url")),
        database_url=value("database_url")
        or f"sqlite:///{(data_dir / 'ssoko.sqlite3').resolve().as_posix()}",
        secret_key=secret_key,
        master_key=_master_key(value("master_key") or _read_key(data_dir / MASTER_FILE)),
        plugins=_slugs(value("plugins")),
        plugin_distributions=_distributions(value("plugins")),
        disabled_plugins=names_of(value("disabled_plugins")),
        opt_in_plugins=names_of(value("opt_in_plugins")),
        plugin_index=_local_file("plugin_index", value("plugin_index")),
        session_idle=_number("session_idle_minutes", value("session_idle_minutes"), 1, 1440) * 60,
        session_lifetime=_number("session_hours", value("session_hours"), 1, 720) * 3600,
        event_days=_number("event_days", value("event_days"), 30, 3650),
        trusted_proxies=_number("trusted_proxies", value("trusted_proxies"), 0, 10),
        trusted_hosts=tuple(sorted(names_of(value("trusted_hosts")))),
        rate_limit_url=value("rate_limit_url"),
        metadata_fetch_allow=_host_ports("metadata_fetch_allow", value("metadata_fetch_allow")),
        log_level=_level(value("log_level")),
    )


def data_dir_of(environ: Mapping[str, str]) -> Path:
    """Return the data directory that an environment names."""
    return Path(clean(environ.get("SSOKO_DATA_DIR", "")) or SETTINGS[0].default)


def clean(text: str) -> str:
    """Return a value without what env files and editors leave around it.

    These are blanks, a carriage return, a byte order mark, and a pair of quotes: Docker keeps the
    quotes of its env files, systemd and shells do not.
    """
    text = text.strip(_AROUND)
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip(_AROUND)
    return text


def unknown_settings(environ: Mapping[str, str], data_dir: Path) -> list[str]:
    """Return the variables and the lines of the file that name no setting."""
    variables = {setting.variable for setting in SETTINGS}
    names = {setting.name for setting in SETTINGS}
    return [
        *sorted(n for n in environ if n.startswith("SSOKO_") and n not in variables),
        *sorted(f"{n} in {CONFIG_FILE}" for n in _read_file(data_dir / CONFIG_FILE).keys() - names),
    ]


def disabled_from_now_on(
    config: Config, environ: Mapping[str, str] | None = None
) -> frozenset[str]:
    """Return the plugins that the next start will not load, from the environment or the file.

    :param environ: default: the environment of the process.
    """
    if (os.environ if environ is None else environ).get("SSOKO_DISABLED_PLUGINS"):
        return config.disabled_plugins
    try:
        written = _read_file(config.data_dir / CONFIG_FILE)
    except ConfigError:
        return config.disabled_plugins
    return names_of(written.get("disabled_plugins", ""))


def check_base_url(url: str) -> str:
    """Return the base URL without a slash at the end.

    :raises ConfigError: when it is not an http(s) URL, or is http for a public host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        # As browsers write it in Origin: in ASCII, without the usual port.
        shown = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        parts, host, port, shown = urlsplit(""), "", None, ""
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise ConfigError(f"SSOKO_BASE_URL: enter a URL like https://sso.example.org, not {url!r}")
    if parts.username:
        raise ConfigError("SSOKO_BASE_URL: remove the username")
    path = parts.path.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) or {".", ".."} & set(path.split("/")):
        raise ConfigError(
            f"SSOKO_BASE_URL: use letters, digits, dots and hyphens in the path, not {path!r}"
        )
    if path.partition("/")[2].partition("/")[0] in _OWN_PATHS:
        raise ConfigError(
            f"SSOKO_BASE_URL: Ssoko has pages below {path!r} itself. Choose another path"
        )
    if parts.scheme == "http" and not (host in _LOCAL_HOSTS or host.endswith(_LOCAL_SUFFIXES)):
        raise ConfigError(
            f"SSOKO_BASE_URL: use https for {host}, so that passwords and assertions are "
            "encrypted. You can use http only for localhost"
        )
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        shown += f":{port}"
    return f"{parts.scheme}://{shown}{path}"


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _read_key(path: Path) -> str:
    try:
        text = clean(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. Run: ssoko init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if not text:
        raise ConfigError(f"{path} is empty; restore it from a backup, or run: ssoko init")
    return text


def _master_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ConfigError("SSOKO_MASTER_KEY: enter 32 bytes in base64. ssoko init creates them")
    return key


def _text(value: Any) -> str:
    """Return a value of the file as text; the items of a list are separated by commas."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def names_of(text: str | list[str]) -> frozenset[str]:
    """Return the names in a list, or in a text that is separated by commas."""
    return frozenset(name.strip() for name in _text(text).split(",") if name.strip())


def _slugs(text: str) -> frozenset[str] | None:
    names = names_of(text)
    return None if "*" in names else frozenset(n.partition("=")[0].strip() for n in names)


def _distributions(text: str) -> Mapping[str, str]:
    """Return the distribution that is chosen for a slug, from ``aws=ssoko-aws``."""
    pairs = [[part.strip() for part in name.split("=")] for name in names_of(text) if "=" in name]
    for pair in pairs:
        if len(pair) != 2 or not all(pair):
            raise ConfigError(
                f"SSOKO_PLUGINS has {'='.join(pair)}; write a slug and a distribution, such as "
                "aws=ssoko-aws"
            )
    return dict(sorted((slug, name) for slug, name in pairs))


def _host_ports(name: str, text: str) -> frozenset[str]:
    pairs = names_of(text.lower())
    for pair in pairs:
        host, _, port = pair.rpartition(":")
        whole = re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", host) and re.fullmatch(
            r"[1-9][0-9]{0,4}", port
        )
        if not whole or int(port) > 65535:
            raise ConfigError(
                f"SSOKO_{name.upper()}: enter each as host:port, like idp.example:8443, "
                f"not {pair!r}"
            )
    return pairs


def _local_file(name: str, text: str) -> Path | None:
    if "://" in text:
        raise ConfigError(
            f"SSOKO_{name.upper()}: enter the path of a file, not {text!r}. Ssoko does not fetch "
            "it; download it first"
        )
    return Path(text) if text else None


def _number(name: str, text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ConfigError(
            f"SSOKO_{name.upper()}: enter a number from {low} to {high}, not {text!r}"
        )
    return int(text)


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ConfigError(f"SSOKO_LOG_LEVEL: use DEBUG, INFO, WARNING or ERROR, not {text!r}")
    return text.upper()
