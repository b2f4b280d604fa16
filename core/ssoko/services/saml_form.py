"""The fields of a service provider that admins set by hand, with their labels and their checks."""

from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.fields import Integer
from marshmallow.validate import Length, OneOf, Range

from ssoko.plugin import NameIdFormat, checks, fields

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
