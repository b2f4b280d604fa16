"""Settings of an application: load, store and read the values of its install form.

Secret values (fields with ``secret`` in their metadata, or ``load_only``) are encrypted under the
master key and never returned; a form without a secret keeps the stored one.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

from ssoko.errors import HookFailed, InputError, NotFound
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.context import Services

_SEALED = "$encrypted"


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
    schema = _schema(loaded)
    try:
        values = schema.load(dict(raw) if isinstance(raw, Mapping) else raw, unknown=unknown)
    except ValidationError as error:
        raise InputError({}, flatten(error.messages)) from None
    except Exception as error:
        raise HookFailed(
            loaded.slug, "install_form", f"loading raised {type(error).__name__}"
        ) from error
    if not isinstance(values, dict):
        raise HookFailed(loaded.slug, "install_form", "the schema does not return a dict")
    return values


def dump(
    services: Services,
    loaded: LoadedIntegration,
    values: Mapping[str, Any],
    *,
    application_id: str,
) -> dict[str, Any]:
    """Return loaded values as the database stores them."""
    schema = _schema(loaded)
    try:
        stored = dict(schema.dump(values))
        json.dumps(stored, allow_nan=False)
    except Exception as error:
        raise HookFailed(
            loaded.slug, "install_form", f"dumping raised {type(error).__name__}"
        ) from error
    for name in secret_fields(loaded):
        stored.pop(name, None)
        if values.get(name):
            text = json.dumps(values[name]).encode()
            blob = services.keys.encrypt(text, row_id=f"{application_id}/{name}")
            stored[name] = {_SEALED: b64encode(blob).decode("ascii")}
    return stored


def unseal(services: Services, stored: Mapping[str, Any], *, application_id: str) -> dict[str, Any]:
    """Return stored settings with decrypted secrets, for the form's schema to load."""
    return {
        name: json.loads(
            services.keys.decrypt(b64decode(value[_SEALED]), row_id=f"{application_id}/{name}")
        )
        if _is_sealed(value)
        else value
        for name, value in stored.items()
    }


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
    return load(loaded, unseal(services, stored, application_id=application_id), unknown=EXCLUDE)


def merge(
    services: Services,
    loaded: LoadedIntegration,
    stored: Mapping[str, Any],
    raw: Mapping[str, Any],
    *,
    application_id: str,
) -> dict[str, Any]:
    """Return stored settings updated with the sent fields; an empty secret counts as not sent.

    Values of fields that the form no longer has are removed.
    """
    current = unseal(services, stored, application_id=application_id)
    fields = _schema(loaded).load_fields
    current = {name: value for name, value in current.items() if name in fields}
    secrets = secret_fields(loaded)
    updates = {name: value for name, value in raw.items() if value or name not in secrets}
    return {**current, **updates}


def public(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings without the secret ones."""
    return {name: value for name, value in stored.items() if not _is_sealed(value)}


def public_now(loaded: LoadedIntegration | None, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the public settings that the form has and does not mark as secret.

    Empty without a plugin, because only its form marks the secrets.
    """
    if loaded is None:
        return {}
    names = _public_fields(loaded.form)
    return {name: value for name, value in public(stored).items() if name in names}


@lru_cache(maxsize=256)
def _public_fields(form: type[Schema]) -> frozenset[str]:
    try:
        fields = form().fields
    except Exception:  # a form that fails says nothing about its secrets
        return frozenset()
    return frozenset(name for name, field in fields.items() if not field.metadata.get("secret"))


def secret_fields(loaded: LoadedIntegration) -> frozenset[str]:
    """Return the names of the fields whose values are never returned."""
    return frozenset(
        name
        for name, field in _schema(loaded).load_fields.items()
        if field.load_only or field.metadata.get("secret")
    )


def flatten(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """Turn marshmallow's messages into dotted names; those of the whole form are under ``""``."""
    if isinstance(messages, Mapping):
        flat: dict[str, list[str]] = {}
        for name, inner in messages.items():
            here = prefix if name == "_schema" else f"{prefix}.{name}".lstrip(".")
            for key, texts in flatten(inner, here).items():
                flat.setdefault(key, []).extend(texts)
        return flat
    listed = messages if isinstance(messages, list) else [messages]
    return {prefix: [_message(str(text)) for text in listed]}


def _message(text: str) -> str:
    # marshmallow's own messages do not say what to do.
    return {
        "Unknown field.": "Remove this field. The form does not have it.",
        "Missing data for required field.": "Enter a value.",
        "Field may not be null.": "Enter a value, or omit the field.",
        "Invalid input type.": "Enter the settings as an object of names and values.",
    }.get(text, text)


def _schema(loaded: LoadedIntegration) -> Schema:
    return loaded.form()


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_SEALED}
