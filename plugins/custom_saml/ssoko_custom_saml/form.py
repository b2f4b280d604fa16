"""The install form: what an SP says about itself, with a default for all but two values."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, pre_load
from marshmallow.fields import List, Nested
from marshmallow.validate import Length, OneOf
from ssoko.plugin import NameIdFormat, checks, fields, sources

NAME_ID_FORMATS = {
    NameIdFormat.UNSPECIFIED.value: "unspecified",
    NameIdFormat.EMAIL.value: "emailAddress",
    NameIdFormat.PERSISTENT.value: "persistent",
    NameIdFormat.TRANSIENT.value: "transient",
}
LOGOUT_BINDINGS = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}
_FORMAT_BY_WORD = {word.lower(): uri for uri, word in NAME_ID_FORMATS.items()} | {
    "email": NameIdFormat.EMAIL.value
}
#: Service providers often refuse an assertion without any attribute.
USUAL_ATTRIBUTES = ({"name": "email", "name_format": "basic", "source": "user.email"},)
_SOURCES = ", ".join(s for s in sources.USER_SOURCES if s not in sources.MANY_VALUED)


class FormatUri(fields.Text):
    """The URI of a NameID format; the last word of the usual ones will do."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        return _FORMAT_BY_WORD.get(text.lower(), text)


def check_optional_url(text: str) -> None:
    """Refuse what is neither empty nor an address."""
    if text:
        checks.check_url(text)


def check_acs_index(text: str) -> None:
    """Refuse what is not a number from 0 to 65535 and an address."""
    number, _, address = text.partition(" ")
    if not (number.isascii() and number.isdigit() and len(number) < 6 and int(number) < 65_536):
        raise ValidationError("Write a number from 0 to 65535, a space and the ACS URL")
    checks.check_url(address)


class Form(Schema):
    """A form in which an empty answer is no answer."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    @pre_load
    def leave_out_empty(self, data: Any, **kwargs: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {
            key: value
            for key, value in data.items()
            if value is not None
            and (value != "" or key not in self.fields or self.fields[key].required)
        }


class AttributeForm(Form):
    """One attribute of the assertion."""

    error_messages = {"type": "Give name, name_format and source"}

    name = fields.Text(
        required=True,
        validate=checks.check_attribute_name,
        metadata={
            "label": "Name",
            "help": "As the service provider writes it",
            "placeholder": "email",
        },
    )
    name_format = fields.Text(
        load_default="unspecified",
        validate=checks.check_name_format,
        metadata={
            "label": "Name format",
            "help": "How the name is meant",
            "choices": {word: word for word in checks.NAME_FORMATS},
        },
    )
    source = fields.Text(
        required=True,
        validate=checks.check_source,
        metadata={
            "label": "Source",
            "help": "Such as user.groups, user.attributes.<key> or constant:<text>",
            "placeholder": "user.email",
        },
    )


class InstallForm(Form):
    """Everything that an SP may ask of an identity provider."""

    entity_id = fields.Text(
        required=True,
        validate=checks.check_entity_id,
        metadata={
            "label": "Entity ID",
            "help": "The service provider's own name: a URL, a URN or a word. Also called "
            "Audience, Issuer or SP identifier",
            "placeholder": "https://app.example.com/saml/metadata",
            "where_to_find": "On the SAML page of the service provider, or as entityID in its "
            "metadata",
        },
    )
    acs_urls = fields.Lines(
        fields.Text(validate=checks.check_url),
        required=True,
        validate=Length(min=1, max=100, error="Give one to 100 ACS URLs, one a line"),
        metadata={
            "label": "ACS URLs",
            "help": "Where sign-ins are sent, one a line, the default first. Also called "
            "Assertion Consumer Service, Reply or Callback URL",
            "placeholder": "https://app.example.com/saml/acs",
            "where_to_find": "Beside the entity ID, or as AssertionConsumerService in the metadata",
            "multiline": True,
        },
    )
    name_id_format = FormatUri(
        load_default=NameIdFormat.UNSPECIFIED.value,
        validate=checks.check_name_id_format,
        metadata={
            "label": "NameID format",
            "help": "How the service provider names people. The API takes any other URI too",
            "choices": NAME_ID_FORMATS,
        },
    )
    name_id_source = fields.Text(
        load_default="user.email",
        validate=checks.check_name_id_source,
        metadata={
            "label": "NameID source",
            "help": f"Where the value comes from: {_SOURCES} or user.attributes.<key>",
            "placeholder": "user.email",
        },
    )
    sign_response = fields.Flag(
        load_default=True,
        metadata={"label": "Sign the response", "help": "Leave it on unless the vendor says no"},
    )
    sign_assertion = fields.Flag(
        load_default=True,
        metadata={"label": "Sign the assertion", "help": "Most service providers want this one"},
    )
    require_signed_requests = fields.Flag(
        load_default=False,
        metadata={
            "label": "Require signed requests",
            "help": "Refuse requests that none of the certificates below has signed",
        },
    )
    encrypt_assertions = fields.Flag(
        load_default=False,
        metadata={
            "label": "Encrypt assertions",
            "help": "With AES-GCM, to the first encryption certificate below, or else to the first "
            "certificate",
        },
    )
    certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        load_default=list,
        validate=Length(max=10, error="Give at most ten certificates"),
        metadata={
            "label": "Certificates",
            "help": "The service provider's own certificates in PEM, one after the other. Any of "
            "them may sign its requests",
            "placeholder": "-----BEGIN CERTIFICATE-----",
            "where_to_find": "As X509Certificate in the service provider's metadata",
            "multiline": True,
        },
    )
    encryption_certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        load_default=list,
        validate=Length(max=10, error="Give at most ten certificates"),
        metadata={
            "label": "Encryption certificates",
            "help": "Only where they differ from those above. The first one is used",
            "placeholder": "-----BEGIN CERTIFICATE-----",
            "where_to_find": "In the metadata, the KeyDescriptor with use encryption",
            "multiline": True,
        },
    )
    logout_url = fields.Text(
        load_default="",
        validate=check_optional_url,
        metadata={
            "label": "Logout URL",
            "help": "Where logout messages go. Also called Single Logout Service or SLO URL",
            "placeholder": "https://app.example.com/saml/slo",
            "where_to_find": "As SingleLogoutService in the service provider's metadata",
        },
    )
    logout_binding = fields.Text(
        load_default="redirect",
        validate=OneOf(LOGOUT_BINDINGS, error="Choose redirect or post"),
        metadata={
            "label": "Logout binding",
            "help": "How the logout URL takes messages",
            "choices": LOGOUT_BINDINGS,
        },
    )
    logout_response_url = fields.Text(
        load_default="",
        validate=check_optional_url,
        metadata={
            "label": "Logout response URL",
            "help": "Only where the service provider takes logout answers at another address",
        },
    )
    relay_state = fields.Text(
        load_default="",
        validate=checks.check_text,
        metadata={
            "label": "Default RelayState",
            "help": "Sent along when a sign-in starts at the tile; often a page to open",
        },
    )
    launch_url = fields.Text(
        load_default="",
        validate=check_optional_url,
        metadata={
            "label": "Launch URL",
            "help": "Where the tile leads, for service providers that must start the sign-in "
            "themselves",
            "placeholder": "https://app.example.com/login",
        },
    )
    acs_indexes = fields.Lines(
        fields.Text(validate=check_acs_index),
        load_default=list,
        validate=Length(max=100, error="Give at most 100 numbers"),
        metadata={
            "label": "ACS indexes",
            "help": "For requests that name the ACS URL by a number: number, space and URL, one a "
            "line. Left empty, the ACS URLs count from 0",
            "multiline": True,
        },
    )
    attributes = List(
        Nested(AttributeForm),
        load_default=lambda: [dict(row) for row in USUAL_ATTRIBUTES],
        error_messages={"invalid": "Give a list of name, name_format and source"},
        validate=Length(max=100, error="Give at most 100 attributes"),
        metadata={
            "label": "Attributes",
            "help": "What the service provider learns about a person beside the NameID",
        },
    )

    @pre_load
    def leave_out_empty_rows(self, data: Any, **kwargs: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(rows := data.get("attributes"), list):
            return {**data, "attributes": [row for row in rows if not _is_empty(row)]}
        return data


def _is_empty(row: Any) -> bool:
    return isinstance(row, Mapping) and not any(row.get(k) for k in ("name", "source"))
