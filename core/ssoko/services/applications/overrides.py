"""SAML settings: what an admin sets by hand over the plugin's proposal, and takes back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Integer
from marshmallow.validate import Length, OneOf, Range

from ssoko.errors import InputError
from ssoko.plugin import NameIdFormat, Problem, ServiceProvider, checks, fields
from ssoko.plugin.host.record import service_provider_from_json, service_provider_to_json
from ssoko.plugin.host.validate import check_service_provider
from ssoko.services.applications.settings import flatten
from ssoko.store.models.applications import Application

NAME_ID_FORMATS = {
    NameIdFormat.UNSPECIFIED.value: "Unspecified",
    NameIdFormat.EMAIL.value: "E-mail address",
    NameIdFormat.PERSISTENT.value: "Persistent: random, the same at each sign-in",
    NameIdFormat.TRANSIENT.value: "Transient: random, new at each sign-in",
}
ENCRYPTION_METHODS = {
    "aes256-gcm": "AES-256-GCM",
    "aes128-gcm": "AES-128-GCM",
    "aes256-cbc": "AES-256-CBC (old, weaker)",
    "aes128-cbc": "AES-128-CBC (old, weaker)",
}
#: Those that do not protect the text against change.
WEAK_METHODS = frozenset({"aes256-cbc", "aes128-cbc"})
_SECONDS: dict[str, Any] = dict.fromkeys(("invalid", "null"), "Give a whole number of seconds")
_MOST_CERTIFICATES = Length(max=10, error="Give at most ten certificates")


def _optional_url(text: str) -> None:
    if text:
        checks.check_url(text)


def _choice(*values: str) -> OneOf:
    return OneOf(values, error=f"Use one of {', '.join(values)}")


class Seconds(Integer):
    """A number of seconds; a text of digits will do, true will not."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 9:
            raise ValidationError(_SECONDS["invalid"])
        return int(text)


class SamlForm(Schema):
    """What an admin may set over the plugin's proposal; only what is given changes."""

    name_id_format = fields.Text(
        validate=checks.check_name_id_format,
        metadata={"label": "NameID format", "choices": NAME_ID_FORMATS},
    )
    name_id_source = fields.Text(
        validate=checks.check_name_id_source,
        metadata={"label": "NameID comes from"},
    )
    sign_response = fields.Flag(
        metadata={"label": "Sign the response", "help": "Both signatures suit almost every vendor"},
    )
    sign_assertion = fields.Flag(metadata={"label": "Sign the assertion"})
    require_signed_requests = fields.Flag(
        metadata={
            "label": "Require signed requests",
            "help": "Refuse requests that none of the vendor's certificates has signed",
        },
    )
    certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        validate=_MOST_CERTIFICATES,
        metadata={
            "label": "Certificates of the vendor",
            "help": "In PEM, one after the other: what it signs requests and logouts with",
            "placeholder": "-----BEGIN CERTIFICATE-----",
        },
    )
    encrypt_assertions = fields.Flag(
        metadata={"label": "Encrypt assertions", "help": "Only the vendor can read them then"},
    )
    encryption_method = fields.Text(
        validate=_choice(*ENCRYPTION_METHODS),
        metadata={
            "label": "Encryption method",
            "choices": ENCRYPTION_METHODS,
            "help": "GCM unless the vendor cannot: CBC does not notice when the text was changed",
        },
    )
    encryption_certificates = fields.Certificates(
        fields.Text(validate=checks.check_encryption_certificate),
        validate=_MOST_CERTIFICATES,
        metadata={
            "label": "Certificates to encrypt to",
            "help": "In PEM; the first one is used. Without any, the first one above",
            "placeholder": "-----BEGIN CERTIFICATE-----",
        },
    )
    acs_urls = fields.Lines(
        fields.Text(validate=checks.check_url),
        validate=Length(max=100, error="Give at most 100 ACS URLs"),
        metadata={
            "label": "More ACS URLs",
            "help": "One a line: answers may go there too when a request asks for it",
            "placeholder": "https://app.example.com/saml/acs",
        },
    )
    slo_url = fields.Text(
        validate=_optional_url,
        load_default="",
        metadata={"label": "Logout URL", "help": "Where logout messages go; empty for none"},
    )
    slo_binding = fields.Text(
        validate=_choice("redirect", "post"),
        metadata={
            "label": "Logout binding",
            "choices": {"redirect": "HTTP-Redirect", "post": "HTTP-POST"},
        },
    )
    slo_response_url = fields.Text(
        validate=_optional_url,
        load_default="",
        metadata={
            "label": "Logout response URL",
            "help": "Where answers to the vendor's logouts go, when that is another address",
        },
    )
    relay_state = fields.Text(
        load_default="",
        metadata={
            "label": "Default RelayState",
            "help": "Sent along when a sign-in starts at the tile; often a page to open",
        },
    )
    lifetime = Seconds(
        validate=Range(60, 3600, error="Give a number of seconds from 60 to 3600"),
        error_messages=_SECONDS,
        metadata={
            "label": "Lifetime of an answer",
            "help": "Seconds in which the vendor has to take it: 60 to 3600",
        },
    )
    session_lifetime = Seconds(
        validate=Range(0, 30 * 86_400, error="Give 0, or a number of seconds from 60 to 2592000"),
        error_messages=_SECONDS,
        metadata={
            "label": "Longest session at the vendor",
            "help": "Seconds for SessionNotOnOrAfter; 0 leaves it out and the vendor decides",
        },
    )


#: What can be set by hand. Identity (entity ID) stays the plugin's: it is frozen at install.
FIELDS = (
    "name_id_format",
    "name_id_source",
    "sign_response",
    "sign_assertion",
    "require_signed_requests",
    "encrypt_assertions",
    "encryption_method",
    "certificates",
    "encryption_certificates",
    "acs_urls",
    "slo_url",
    "slo_binding",
    "slo_response_url",
    "relay_state",
    "lifetime",
    "session_lifetime",
)

#: Fields that JSON holds as lists.
LISTS = frozenset({"certificates", "encryption_certificates", "acs_urls"})


def apply(proposed: ServiceProvider, overrides: Mapping[str, Any]) -> ServiceProvider:
    """Return the SP as it is recorded: the proposal, with what was set by hand.

    :param overrides: by field; ``acs_urls`` holds further addresses, after the plugin's own.
        Fields that this version does not know are passed over.
    """
    changes: dict[str, Any] = {
        name: tuple(value) if name in LISTS else value
        for name, value in overrides.items()
        if name in FIELDS
    }
    if "acs_urls" in changes:
        changes["acs_urls"] = tuple(dict.fromkeys((*proposed.acs_urls, *changes["acs_urls"])))
    return replace(proposed, **changes)


def proposed_of(row: Application) -> ServiceProvider:
    """Return what the plugin proposed for an application's row, without what was set by hand."""
    return service_provider_from_json(row.proposed.get("service_provider", row.service_provider))


_AT = "service_provider"
#: The last words of the usual format URIs, which will do for them.
_FORMAT_WORDS = {uri.rpartition(":")[2].lower(): uri for uri in NAME_ID_FORMATS} | {
    "email": next(uri for uri in NAME_ID_FORMATS if uri.endswith("emailAddress"))
}


def changes(row: Application, given: object) -> dict[str, Any]:
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


def changed_fields(row: Application, new: Mapping[str, Any]) -> list[str]:
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


def overrides_over(proposed: ServiceProvider, overrides: Mapping[str, Any]) -> ServiceProvider:
    """Return a proposal with what was set by hand, judged as a whole.

    :raises InputError: at a field of the service provider, when the two do not go together.
    """
    recorded = apply(proposed, overrides)
    errors: dict[str, list[str]] = {}
    for problem in check_service_provider(recorded) if overrides else ():
        errors.setdefault(f"service_provider.{problem.field}", []).append(problem.message)
    if errors:
        raise InputError(errors)
    return recorded
