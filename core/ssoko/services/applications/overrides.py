"""SAML settings: overrides that an admin sets over the plugin's proposal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Integer
from marshmallow.validate import Length, OneOf, Range

from ssoko.errors import InputError
from ssoko.plugin import NameIdFormat, Problem, ServiceProvider, checks, fields
from ssoko.plugin.host.form import flatten
from ssoko.plugin.host.record import service_provider_from_json, service_provider_to_json
from ssoko.plugin.host.validate import check_service_provider
from ssoko.store.models.applications import Application

NAME_ID_FORMATS = {
    NameIdFormat.UNSPECIFIED.value: "Unspecified: as the request asks",
    NameIdFormat.EMAIL.value: "Email address",
    NameIdFormat.PERSISTENT.value: "Persistent: random, the same for every sign-in",
    NameIdFormat.TRANSIENT.value: "Transient: random, new for every sign-in",
    NameIdFormat.X509_SUBJECT.value: "X.509 subject name",
    NameIdFormat.WINDOWS.value: "Windows domain qualified name",
    NameIdFormat.KERBEROS.value: "Kerberos principal name",
    NameIdFormat.ENTITY.value: "Entity identifier",
}
ENCRYPTION_METHODS = {
    "aes256-gcm": "AES-256-GCM",
    "aes128-gcm": "AES-128-GCM",
    "aes256-cbc": "AES-256-CBC (old, weaker)",
    "aes128-cbc": "AES-128-CBC (old, weaker)",
}
#: Methods that do not detect tampering.
WEAK_METHODS = frozenset({"aes256-cbc", "aes128-cbc"})
_SECONDS: dict[str, Any] = dict.fromkeys(("invalid", "null"), "Enter a whole number of seconds")
_MOST_CERTIFICATES = Length(max=10, error="Enter at most ten certificates")


def _optional_url(text: str) -> None:
    if text:
        checks.check_url(text)


def _one_of(*values: str) -> OneOf:
    return OneOf(values, error=f"Use one of {', '.join(values)}")


class Seconds(Integer):
    """A number of seconds; digits as text are accepted, true is not."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 9:
            raise ValidationError(_SECONDS["invalid"])
        return int(text)


class SamlForm(Schema):
    """The fields that an admin may override; only sent fields change."""

    name_id_format = fields.Text(
        validate=checks.check_name_id_format,
        metadata={"label": "NameID format", "choices": NAME_ID_FORMATS},
    )
    name_id_source = fields.Text(
        validate=checks.check_name_id_source,
        metadata={"label": "NameID source"},
    )
    sign_response = fields.Flag(
        metadata={
            "label": "Sign the response",
            "help": "Almost every vendor accepts both signatures. A few accept only one: if one "
            "refuses the sign-in with both on, turn this one off first",
        },
    )
    sign_assertion = fields.Flag(
        metadata={
            "label": "Sign the assertion",
            "help": "Turn it off only for a vendor that accepts nothing but a signed response",
        }
    )
    require_signed_requests = fields.Flag(
        metadata={
            "label": "Require signed requests",
            "help": "Refuse requests that are not signed by one of the SP's certificates",
        },
    )
    certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        validate=_MOST_CERTIFICATES,
        metadata={
            "label": "SP signing certificates",
            "help": "PEM, one after another. They verify signed requests and logout messages",
            "placeholder": "-----BEGIN CERTIFICATE-----",
        },
    )
    encrypt_assertions = fields.Flag(
        metadata={
            "label": "Encrypt assertions",
            "help": "Only the SP can read encrypted assertions",
        },
    )
    encryption_method = fields.Text(
        validate=_one_of(*ENCRYPTION_METHODS),
        metadata={
            "label": "Encryption method",
            "choices": ENCRYPTION_METHODS,
            "help": "Use GCM if the vendor supports it. CBC doesn't detect tampering",
        },
    )
    encryption_certificates = fields.Certificates(
        fields.Text(validate=checks.check_encryption_certificate),
        validate=_MOST_CERTIFICATES,
        metadata={
            "label": "Encryption certificates",
            "help": "PEM. The first one is used, or else the first SP signing certificate",
            "placeholder": "-----BEGIN CERTIFICATE-----",
        },
    )
    acs_urls = fields.Lines(
        fields.Text(validate=checks.check_url),
        validate=Length(max=100, error="Enter at most 100 ACS URLs"),
        metadata={
            "label": "More ACS URLs",
            "help": "One URL per line. A SAML request can name any of them",
            "placeholder": "https://app.example.com/saml/acs",
        },
    )
    slo_url = fields.Text(
        validate=_optional_url,
        load_default="",
        metadata={
            "label": "Logout URL",
            "help": "Where logout messages are sent. Leave empty for none",
        },
    )
    slo_binding = fields.Text(
        validate=_one_of("redirect", "post"),
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
            "help": "Where logout responses are sent, if that is another URL",
        },
    )
    relay_state = fields.Text(
        load_default="",
        metadata={
            "label": "Default RelayState",
            "help": "Sent with IdP-initiated sign-ins; often the page to open",
        },
    )
    idp_initiated = fields.Flag(
        metadata={
            "label": "Allow IdP-initiated sign-in",
            "help": "Users can start at a tile or launch link. Turn it off if the vendor accepts "
            "only sign-ins that it starts itself. The tile is then hidden unless it has a URL of "
            "the vendor",
        }
    )
    lifetime = Seconds(
        validate=Range(60, 3600, error="Enter a number of seconds from 60 to 3600"),
        error_messages=_SECONDS,
        metadata={
            "label": "Assertion lifetime (seconds)",
            "help": "How long the SP may accept a response: 60 to 3600",
        },
    )
    session_lifetime = Seconds(
        validate=Range(0, 30 * 86_400, error="Enter 0, or a number of seconds from 60 to 2592000"),
        error_messages=_SECONDS,
        metadata={
            "label": "Maximum SP session (seconds)",
            "help": "Sent as SessionNotOnOrAfter. With 0 it is omitted and the vendor decides",
        },
    )


#: The fields that can be overridden. The entity ID cannot: it is fixed at install.
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
    "idp_initiated",
    "lifetime",
    "session_lifetime",
)

#: Fields that are lists in JSON.
LISTS = frozenset({"certificates", "encryption_certificates", "acs_urls"})


def apply(proposed: ServiceProvider, overrides: Mapping[str, Any]) -> ServiceProvider:
    """Return the SP as recorded: the proposal with the overrides.

    :param overrides: by field; ``acs_urls`` are added after the plugin's own. Unknown fields are
        ignored.
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
    """Return the plugin's proposal that an application has recorded, without overrides."""
    return service_provider_from_json(row.proposed.get("service_provider", row.service_provider))


_PREFIX = "service_provider"
#: Short names of the usual format URIs, which are accepted too.
_FORMAT_WORDS = {uri.rpartition(":")[2].lower(): uri for uri in NAME_ID_FORMATS} | {
    "email": next(uri for uri in NAME_ID_FORMATS if uri.endswith("emailAddress"))
}


def changes(row: Application, sent: object) -> dict[str, Any]:
    """Return the columns of an application that these overrides change.

    :param sent: fields of :class:`ssoko.plugin.ServiceProvider`; None removes an override. A value
        equal to the proposal is not stored as an override.
    :raises InputError: with names like ``service_provider.lifetime``, for all wrong fields.
    """
    if not isinstance(sent, Mapping):
        raise InputError.of(
            _PREFIX, "Enter an object of the fields to override; null removes an override."
        )
    proposed = proposed_of(row)
    fixed = {name for name in sent if name not in FIELDS and name in row.service_provider}
    errors = {
        f"{_PREFIX}.{name}": ["Omit this field. The plugin sets it from the settings."]
        for name in sorted(fixed)
        if sent[name] != row.service_provider[name]
    }
    settable = {name: value for name, value in sent.items() if name not in fixed}
    removed = {name for name, value in settable.items() if value is None and name in FIELDS}
    values = _load({name: value for name, value in settable.items() if name not in removed}, errors)
    if "acs_urls" in values:
        values["acs_urls"] = _additional_urls(values["acs_urls"], proposed, errors)
    plain = service_provider_to_json(proposed) | {"acs_urls": []}
    merged = {**row.overrides, **values}
    overrides = {n: v for n, v in merged.items() if n not in removed and v != plain.get(n)}
    try:
        recorded = apply_checked(proposed, overrides)
    except InputError as error:
        raise InputError({**error.errors, **errors}) from None
    if errors:
        raise InputError(errors)
    return {
        "overrides": overrides,
        "service_provider": service_provider_to_json(recorded),
        "proposed": {"service_provider": row.service_provider, **row.proposed},
    }


def changed_fields(row: Application, new: Mapping[str, Any]) -> list[str]:
    """Return which overrides a change sets or removes, for the event."""
    if "overrides" not in new:
        return []
    before, after = row.overrides, new["overrides"]
    return [name for name in FIELDS if before.get(name) != after.get(name)]


def warnings(sp: ServiceProvider) -> tuple[Problem, ...]:
    """Return warnings about a record."""
    problems = []
    if sp.encrypt_assertions and sp.encryption_method in WEAK_METHODS:
        problems.append(
            Problem(
                f"{_PREFIX}.encryption_method",
                "Assertions are encrypted with CBC, which doesn't detect tampering. "
                "Choose GCM if the vendor supports it.",
                "warning",
            )
        )
    return tuple(problems)


def _load(sent: dict[str, Any], errors: dict[str, list[str]]) -> dict[str, Any]:
    word = sent.get("name_id_format")
    if isinstance(word, str):
        sent["name_id_format"] = _FORMAT_WORDS.get(word.strip().lower(), word)
    try:
        values: dict[str, Any] = SamlForm(partial=True).load(sent, unknown=RAISE)
    except ValidationError as error:
        errors |= {f"{_PREFIX}.{name}": texts for name, texts in flatten(error.messages).items()}
        # Valid fields are checked too, so that all errors are reported at once.
        heads = {name.partition(".")[0] for name in flatten(error.messages)}
        valid: Any = error.valid_data
        values = {name: value for name, value in valid.items() if name not in heads}
    return values


def _additional_urls(
    urls: list[str], proposed: ServiceProvider, errors: dict[str, list[str]]
) -> list[str]:
    """Return the ACS URLs beyond the plugin's; the plugin's must all be in the list."""
    missing = [url for url in proposed.acs_urls if url not in urls]
    if missing:
        errors[f"{_PREFIX}.acs_urls"] = [
            f"Keep {missing[0]} in the list. It comes from the settings; change it there."
        ]
    return [url for url in urls if url not in proposed.acs_urls]


def apply_checked(proposed: ServiceProvider, overrides: Mapping[str, Any]) -> ServiceProvider:
    """Return a proposal with overrides, validated as a whole.

    :raises InputError: at a field of the service provider, when they contradict each other.
    """
    recorded = apply(proposed, overrides)
    errors: dict[str, list[str]] = {}
    for problem in check_service_provider(recorded) if overrides else ():
        errors.setdefault(f"service_provider.{problem.field}", []).append(problem.message)
    if errors:
        raise InputError(errors)
    return recorded
