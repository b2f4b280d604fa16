"""SAML settings: what an admin sets by hand over the plugin's proposal, and takes back."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, ValidationError

from ssoko.errors import InputError
from ssoko.plugin import Problem, ServiceProvider
from ssoko.services.overrides import FIELDS, proposed_of
from ssoko.services.proposals import overrides_over
from ssoko.services.records import service_provider_to_json
from ssoko.services.saml_form import NAME_ID_FORMATS, WEAK_METHODS, SamlForm
from ssoko.services.settings import flatten

_AT = "service_provider"
#: The last words of the usual format URIs, which will do for them.
_FORMAT_WORDS = {uri.rpartition(":")[2].lower(): uri for uri in NAME_ID_FORMATS} | {
    "email": next(uri for uri in NAME_ID_FORMATS if uri.endswith("emailAddress"))
}


def changes(row: Any, given: object) -> dict[str, Any]:
    """Return the columns of an application that setting these fields changes.

    :param given: fields of :class:`ssoko.plugin.ServiceProvider`; None goes back to the proposal.
        A value that is the proposal's own is not kept apart from it.
    :raises InputError: with names like ``service_provider.lifetime``, for all that is wrong.
    """
    if not isinstance(given, Mapping):
        raise InputError.of(_AT, "Give an object of the fields to set; null goes back.")
    proposed = proposed_of(row)
    fixed = {name for name in given if name not in FIELDS and name in row.service_provider}
    wrong = {
        f"{_AT}.{name}": ["Leave this out; it is the plugin's to say, under settings."]
        for name in sorted(fixed)
        if given[name] != row.service_provider[name]
    }
    sent = {name: value for name, value in given.items() if name not in fixed}
    back = {name for name, value in sent.items() if value is None and name in FIELDS}
    values = _load({name: value for name, value in sent.items() if name not in back}, wrong)
    if "acs_urls" in values:
        values["acs_urls"] = _further(values["acs_urls"], proposed, wrong)
    plain = service_provider_to_json(proposed) | {"acs_urls": []}
    merged = {**row.overrides, **values}
    overrides = {n: v for n, v in merged.items() if n not in back and v != plain.get(n)}
    try:
        recorded = overrides_over(proposed, overrides)
    except InputError as error:
        raise InputError({**error.errors, **wrong}) from None
    if wrong:
        raise InputError(wrong)
    return {
        "overrides": overrides,
        "service_provider": service_provider_to_json(recorded),
        "proposed": {"service_provider": row.service_provider, **row.proposed},
    }


def changed_fields(row: Any, new: Mapping[str, Any]) -> list[str]:
    """Return which fields a change sets or takes back, for the event."""
    if "overrides" not in new:
        return []
    before, after = row.overrides, new["overrides"]
    return [name for name in FIELDS if before.get(name) != after.get(name)]


def warnings(sp: ServiceProvider) -> tuple[Problem, ...]:
    """Return what an admin should know of a record; it refuses nothing."""
    found = []
    if sp.encrypt_assertions and sp.encryption_method in WEAK_METHODS:
        found.append(
            Problem(
                f"{_AT}.encryption_method",
                "Assertions are encrypted with CBC, which does not notice a change of the text. "
                "Choose GCM as soon as the vendor can.",
                "warning",
            )
        )
    return tuple(found)


def _load(sent: dict[str, Any], wrong: dict[str, list[str]]) -> dict[str, Any]:
    word = sent.get("name_id_format")
    if isinstance(word, str):
        sent["name_id_format"] = _FORMAT_WORDS.get(word.strip().lower(), word)
    try:
        values: dict[str, Any] = SamlForm(partial=True).load(sent, unknown=RAISE)
    except ValidationError as error:
        wrong |= {f"{_AT}.{name}": texts for name, texts in flatten(error.messages).items()}
        # What is right is judged all the same, so that everything is said at once.
        heads = {name.partition(".")[0] for name in flatten(error.messages)}
        valid: Any = error.valid_data
        values = {name: value for name, value in valid.items() if name not in heads}
    return values


def _further(urls: list[str], proposed: ServiceProvider, wrong: dict[str, list[str]]) -> list[str]:
    """Return the ACS URLs that are not the plugin's; all of those have to be there."""
    missing = [url for url in proposed.acs_urls if url not in urls]
    if missing:
        wrong[f"{_AT}.acs_urls"] = [
            f"Keep {missing[0]} in the list; it comes from the settings and is changed there."
        ]
    return [url for url in urls if url not in proposed.acs_urls]
