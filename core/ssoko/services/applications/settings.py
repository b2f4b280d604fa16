"""Settings of an application: load, store and read the values of its install form.

Secret values (fields with ``secret`` in their metadata, or ``load_only``) are encrypted under the
master key and never returned; a form without a secret keeps the stored one.

Stored values outlive their fields: those that another version of the form does not have are kept,
so that a downgrade finds them again. With them is the version of the plugin that stored them.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from marshmallow import EXCLUDE, RAISE

from ssoko.errors import NotFound, PluginError
from ssoko.plugin import Problem, fields
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.context import Services

_SEALED = "$encrypted"
_VERSION = "$version"


def find_integration(services: Services, slug: str) -> LoadedIntegration:
    """Return a loaded integration.

    :raises NotFound: when it is not loaded; the message says whether its plugin failed to load.
    """
    loaded = services.registry.get(slug)
    if loaded is not None:
        return loaded
    if any(problem.slug == slug for problem in services.registry.problems):
        raise NotFound(f"The plugin of {slug} failed to load. See Settings > Plugins.")
    raise NotFound("This integration does not exist. Its plugin may have been uninstalled.")


def load_settings(services: Services, integration: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Validate typed values and return them as the form's schema loads them.

    :raises InputError: with dotted field names; fields that the form does not have are refused.
    :raises NotFound: when the integration is not loaded.
    """
    return load(find_integration(services, integration), raw)


def load(
    loaded: LoadedIntegration,
    raw: Mapping[str, Any],
    *,
    unknown: Literal["raise", "exclude"] = RAISE,
) -> dict[str, Any]:
    """Validate typed values for a loaded integration.

    :param unknown: marshmallow's option for fields that the form does not have.
    """
    if isinstance(raw, Mapping):
        with loaded.form.guard("cleaning"):
            raw = fields.clean_raw(loaded.form, raw)
    return loaded.form.load(raw, unknown=unknown)


def cleaning_notes(loaded: LoadedIntegration, raw: Any) -> tuple[Problem, ...]:
    """Return what :func:`load` removes from pasted values, as a warning at each field."""
    return fields.cleaning_notes(loaded.form, raw) if isinstance(raw, Mapping) else ()


def dump(
    services: Services,
    loaded: LoadedIntegration,
    values: Mapping[str, Any],
    *,
    application_id: str,
    earlier: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return loaded values as the database stores them.

    :param earlier: the stored settings that they replace.
    """
    stored = {name: v for name, v in earlier.items() if name not in loaded.form.fields}
    stored |= {**loaded.form.dump(values), _VERSION: loaded.version}
    for name in loaded.form.secret:
        stored.pop(name, None)
        if value := loaded.form.value(values, name):
            text = json.dumps(value, default=str).encode()
            blob = services.keys.encrypt(text, row_id=f"{application_id}/{name}")
            stored[name] = {_SEALED: b64encode(blob).decode("ascii")}
    return stored


def unseal(services: Services, stored: Mapping[str, Any], *, application_id: str) -> dict[str, Any]:
    """Return stored settings with decrypted secrets, in the shape that was stored."""
    return {
        name: json.loads(
            services.keys.decrypt(b64decode(value[_SEALED]), row_id=f"{application_id}/{name}")
        )
        if _is_sealed(value)
        else value
        for name, value in stored.items()
        if name != _VERSION
    }


def current(
    services: Services,
    loaded: LoadedIntegration,
    stored: Mapping[str, Any],
    *,
    application_id: str,
) -> dict[str, Any]:
    """Return stored settings with decrypted secrets, migrated to the loaded version of the form.

    :raises HookFailed: when the plugin fails to migrate them.
    """
    values = unseal(services, stored, application_id=application_id)
    version = str(stored.get(_VERSION, ""))
    if version == loaded.version or "migrate_settings" not in loaded.hooks:
        return values
    migrated: dict[str, Any] = services.registry.call(
        loaded.slug, "migrate_settings", settings=values, from_version=version
    )
    return {**values, **migrated}


def shown(
    services: Services,
    loaded: LoadedIntegration | None,
    stored: Mapping[str, Any],
    *,
    application_id: str,
) -> dict[str, Any]:
    """Return the settings of an application without secrets, as its form shows them."""
    recorded = public(stored)
    if loaded is None or "migrate_settings" not in loaded.hooks:
        return recorded
    try:
        values = current(services, loaded, stored, application_id=application_id)
    except PluginError:
        return recorded
    known = loaded.form.fields.keys() - loaded.form.secret
    return {**recorded, **{name: value for name, value in values.items() if name in known}}


def reseal(
    stored: Mapping[str, Any], encrypt: Callable[[bytes, str], bytes], application_id: str
) -> tuple[dict[str, Any], int]:
    """Return stored settings with their secrets encrypted again, and the number of secrets.

    :param encrypt: is given the encrypted value and its ID, and returns the new one.
    """
    count, settings = 0, dict(stored)
    for name, value in stored.items():
        if _is_sealed(value):
            blob = encrypt(b64decode(value[_SEALED]), f"{application_id}/{name}")
            settings[name] = {_SEALED: b64encode(blob).decode("ascii")}
            count += 1
    return settings, count


def stored_settings(
    services: Services,
    loaded: LoadedIntegration,
    stored: Mapping[str, Any],
    *,
    application_id: str,
) -> dict[str, Any]:
    """Return stored settings as the form's schema loads them, for a hook.

    Values of fields that a newer form no longer has are omitted.

    :raises InputError: when the plugin's form no longer accepts them.
    """
    values = current(services, loaded, stored, application_id=application_id)
    return load(loaded, values, unknown=EXCLUDE)


def merge(
    services: Services,
    loaded: LoadedIntegration,
    stored: Mapping[str, Any],
    raw: Mapping[str, Any],
    *,
    application_id: str,
) -> dict[str, Any]:
    """Return stored settings updated with the sent fields; an empty secret counts as not sent.

    Values of fields that the form does not have are left out; :func:`dump` keeps them.
    """
    fields, secrets = loaded.form.fields, loaded.form.secret
    values = current(services, loaded, stored, application_id=application_id)
    known = {name: value for name, value in values.items() if name in fields}
    updates = {name: value for name, value in raw.items() if value or name not in secrets}
    return {**known, **updates}


def public(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings without the secret ones."""
    return {n: v for n, v in stored.items() if n != _VERSION and not _is_sealed(v)}


def public_now(loaded: LoadedIntegration | None, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the public settings that the form has and does not mark as secret.

    Without a plugin, all that is recorded: secrets are recorded as such.
    """
    recorded = public(stored)
    if loaded is None:
        return recorded
    names = loaded.form.fields.keys() - loaded.form.secret
    return {name: value for name, value in recorded.items() if name in names}


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_SEALED}
