"""Whether the data and the settings belong together; asked when Ssoko is set up and starts."""

import os
import stat
from collections import Counter
from typing import Any

from ssoko.config import CONFIG_FILE, MASTER_FILE, SECRET_FILE, Config, unknown_settings
from ssoko.errors import ConfigError
from ssoko.plugin.host.registry import Registry
from ssoko.services.credentials.key_ring import OTHER_KEY, KeyRing
from ssoko.store.models.applications import Application
from ssoko.store.models.installation import Installation
from ssoko.store.models.issuers import Issuer
from ssoko.store.sql import query

# The start of the encrypted keys names the master key; see KeyRing.
_MASTER_KEYS = """
SELECT DISTINCT substr(private_key, 1, 9) FROM signing_key
UNION SELECT DISTINCT substr(private_key, 1, 9) FROM metadata_key
"""

_SHARED_NAMES = """
SELECT w.slug, a.username, b.username FROM user_account a
JOIN user_account b ON b.workspace_id = a.workspace_id AND b.email_key = a.username_key
  AND b.id <> a.id
JOIN workspace w ON w.id = a.workspace_id ORDER BY w.slug, a.username LIMIT 5
"""

_BASE_URL = "base_url"


def require_master_key(keys: KeyRing) -> None:
    """Refuse a master key that does not open the stored keys.

    :raises ConfigError: saying what to do.
    """
    if any(not keys.can_decrypt(start) for start in _key_starts()):
        raise ConfigError(OTHER_KEY)


def has_encrypted_keys() -> bool:
    """Tell whether the database has keys that only their master key opens."""
    return bool(_key_starts())


def _key_starts() -> list[bytes]:
    # Of retired keys only the certificate is left.
    return [bytes(row[0]) for row in query(_MASTER_KEYS, ()) if row[0]]


def former_base_url(config: Config) -> str:
    """Return the base URL that the service providers know, if it is another one now, or ""."""
    row: Any = Installation.get_or_none(Installation.name == _BASE_URL)
    if row is None or row.value == config.base_url:
        return ""
    return str(row.value)


def record_base_url(config: Config) -> None:
    """Record the base URL, which the entity IDs are made of, as the one to expect from now on."""
    Installation.insert(name=_BASE_URL, value=config.base_url).on_conflict(
        conflict_target=[Installation.name], update={Installation.value: config.base_url}
    ).execute()


def record_first_base_url(config: Config) -> None:
    """Record the base URL unless one is recorded."""
    Installation.insert(name=_BASE_URL, value=config.base_url).on_conflict_ignore().execute()


def describe_new_base_url(config: Config) -> str:
    """Return what a changed base URL breaks, or an empty text when it did not change."""
    before = former_base_url(config)
    if not before:
        return ""
    count = Issuer.select().count()
    return (
        f"The base URL was {before} and is {config.base_url} now. The entity IDs and sign-in URLs "
        f"of all issuers ({count}) change with it: sign-ins fail until each service provider has "
        "the new metadata, and users sign in again. Set the old base URL again, or accept the new "
        "one: ssoko migrate"
    )


def notices(config: Config, registry: Registry | None = None) -> list[str]:
    """Return what an operator should look at, one sentence or two each.

    :param registry: of the loaded plugins; without one, they are not compared.
    """
    found = [describe_new_base_url(config), *_unknown(config), *_modes(config), *_shared_names()]
    if registry is not None:
        found += _missing_plugins(registry)
    return [notice for notice in found if notice]


def _unknown(config: Config) -> list[str]:
    names = unknown_settings(os.environ, config.data_dir)
    return [f"{name} is no setting; docs/operators.md lists them" for name in names]


def _modes(config: Config) -> list[str]:
    """Return a notice for each file with secrets that other users of this machine may read."""
    paths = [config.data_dir / name for name in (MASTER_FILE, SECRET_FILE, CONFIG_FILE)]
    if config.database_url.startswith("sqlite:///"):
        paths.append(config.database_file)
    found = []
    for path in paths:
        try:
            mode = path.stat().st_mode if path.parent.stat().st_mode & stat.S_IXOTH else 0
        except OSError:
            continue
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            found.append(f"Every user of this machine can read {path}. Run: chmod o= {path}")
    return found


def _shared_names() -> list[str]:
    return [
        f"In the workspace {slug}, {username} is the username of one user and the email of "
        f"{other}. Change one of them: service providers may confuse these users"
        for slug, username, other in query(_SHARED_NAMES, ())
    ]


def _missing_plugins(registry: Registry) -> list[str]:
    rows: Any = (
        Application.select(Application.integration)
        .where(
            Application.uninstalled_at.is_null(),
            Application.integration.not_in(list(registry.integrations)),
        )
        .tuples()
    )
    return [
        f"The plugin {slug} of {count} application(s) is not loaded. They keep their saved "
        "settings; see ssoko plugins"
        for slug, count in sorted(Counter(row[0] for row in rows).items())
    ]
