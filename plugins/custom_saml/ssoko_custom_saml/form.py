"""The install form: the settings of a service provider, with defaults for all but two."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, pre_load
from marshmallow.fields import List, Nested
from marshmallow.validate import Length
from ssoko.plugin import NameIdFormat, checks, fields, sources

_SAML_2 = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
#: SAML core, section 8.3, and two common spellings that are not in it. The value of the last ones
#: must come from a source with such names.
NAME_ID_FORMATS = {
    NameIdFormat.UNSPECIFIED.value: "unspecified",
    NameIdFormat.EMAIL.value: "emailAddress",
    NameIdFormat.PERSISTENT.value: "persistent",
    NameIdFormat.TRANSIENT.value: "transient",
    NameIdFormat.X509_SUBJECT.value: "X509SubjectName",
    NameIdFormat.WINDOWS.value: "WindowsDomainQualifiedName",
    NameIdFormat.KERBEROS.value: "kerberos",
    NameIdFormat.ENTITY.value: "entity",
    f"{_SAML_2}emailAddress": "emailAddress (SAML:2.0 spelling)",
    f"{_SAML_2}unspecified": "unspecified (SAML:2.0 spelling)",
}
ENCRYPTION_METHODS = {
    "aes256-gcm": "AES-256-GCM",
    "aes128-gcm": "AES-128-GCM",
    "aes256-cbc": "AES-256-CBC (doesn't detect tampering)",
    "aes128-cbc": "AES-128-CBC (doesn't detect tampering)",
}
LOGOUT_BINDINGS = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}
_FORMAT_BY_NAME = {word.lower(): uri for uri, word in NAME_ID_FORMATS.items()} | {
    "email": NameIdFormat.EMAIL.value
}
#: Service providers often refuse an assertion without any attribute.
USUAL_ATTRIBUTES = ({"name": "email", "name_format": "basic", "source": "user.email"},)
_SOURCES = ", ".join(s for s in sources.USER_SOURCES if s not in sources.MANY_VALUED)


class FormatUri(fields.Text):
    """The URI of a NameID format, or the last part of a usual one, such as ``emailAddress``."""

    def clean(self, text: str) -> str:
        return _FORMAT_BY_NAME.get(text.lower(), text)


def check_acs_index(text: str) -> None:
    """Accept a number from 0 to 65535 and a URL."""
    number, _, url = text.partition(" ")
    url = url.strip()
    if not (number.isascii() and number.isdigit() and len(number) < 6 and int(number) < 65_536):
        raise ValidationError("Enter a number from 0 to 65535, a space and the ACS URL")
    checks.check_url(url)


class Form(fields.Form):
    """A form that uses the default of an empty field."""

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

    error_messages = {"type": "Enter name, name_format and source"}

    name = fields.Text(
        required=True,
        validate=checks.check_attribute_name,
        label="Name",
        help="As the service provider writes it",
        placeholder="email",
    )
    name_format = fields.Text(
        load_default="unspecified",
        validate=checks.check_name_format,
        label="Name format",
        help="NameFormat of the name",
        choices={word: word for word in checks.NAME_FORMATS},
    )
    source = fields.Text(
        required=True,
        validate=checks.check_source,
        label="Source",
        help="Such as user.groups, user.attributes.<key> or constant:<text>",
        placeholder="user.email",
    )


class InstallForm(Form):
    """Everything that a service provider may require."""

    entity_id = fields.Text(
        required=True,
        validate=checks.check_entity_id,
        label="Entity ID",
        help="Identifies the service provider: a URL, a URN or a word. Also called "
        "Audience, Issuer or SP identifier",
        placeholder="https://app.example.com/saml/metadata",
        where_to_find="On the SAML page of the service provider, or as entityID in its metadata",
    )
    acs_urls = fields.Urls(
        fields.Text(validate=checks.check_url),
        required=True,
        validate=Length(min=1, max=100, error="Enter one to 100 ACS URLs, one per line"),
        label="ACS URLs",
        help="SAML responses are sent here. One per line, the default first. Also called "
        "Assertion Consumer Service, Reply or Callback URL",
        placeholder="https://app.example.com/saml/acs",
        where_to_find="Beside the entity ID, or as AssertionConsumerService in the metadata",
        multiline=True,
    )
    name_id_format = FormatUri(
        load_default=NameIdFormat.UNSPECIFIED.value,
        validate=checks.check_name_id_format,
        label="NameID format",
        help="How the service provider identifies users. With unspecified, each request may ask "
        "for emailAddress, persistent or transient. Metadata and the API can set other URIs",
        choices=NAME_ID_FORMATS,
    )
    name_id_source = fields.Text(
        load_default="user.email",
        validate=checks.check_name_id_source,
        label="NameID source",
        help=f"Source of the value: {_SOURCES} or user.attributes.<key>",
        placeholder="user.email",
    )
    sign_response = fields.Flag(
        load_default=True,
        label="Sign the response",
        help="A few service providers accept only one signature. If one refuses the sign-in with "
        "both on, turn this one off first",
    )
    sign_assertion = fields.Flag(
        load_default=True,
        label="Sign the assertion",
        help="Most service providers require it. Turn it off only for one that accepts nothing "
        "but a signed response",
    )
    require_signed_requests = fields.Flag(
        load_default=False,
        label="Require signed requests",
        help="Refuse requests that are not signed with one of the certificates below",
    )
    encrypt_assertions = fields.Flag(
        load_default=False,
        label="Encrypt assertions",
        help="Uses the first encryption certificate, or the first certificate if there is none",
    )
    encryption_method = fields.Choice(
        ENCRYPTION_METHODS,
        load_default="aes256-gcm",
        label="Encryption method",
        help="CBC only for service providers that cannot decrypt GCM",
    )
    certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        load_default=list,
        validate=Length(max=10, error="Enter at most ten certificates"),
        label="Certificates",
        help="The service provider's certificates in PEM, one after the other. They verify "
        "signed requests",
        placeholder="-----BEGIN CERTIFICATE-----",
        where_to_find="As X509Certificate in the service provider's metadata",
        multiline=True,
    )
    encryption_certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        load_default=list,
        validate=Length(max=10, error="Enter at most ten certificates"),
        label="Encryption certificates",
        help="Only if they differ from those above. The first one is used",
        placeholder="-----BEGIN CERTIFICATE-----",
        where_to_find="In the metadata, the KeyDescriptor with use encryption",
        multiline=True,
    )
    logout_url = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_url),
        label="Logout URL",
        help="Logout messages are sent here. Also called Single Logout Service or SLO URL",
        placeholder="https://app.example.com/saml/slo",
        where_to_find="As SingleLogoutService in the service provider's metadata",
    )
    logout_binding = fields.Choice(
        LOGOUT_BINDINGS,
        load_default="redirect",
        label="Logout binding",
        help="Binding of the logout URL",
    )
    logout_response_url = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_url),
        label="Logout response URL",
        help="Only if the service provider has another URL for logout responses",
    )
    relay_state = fields.Text(
        load_default="",
        validate=checks.check_text,
        label="Default RelayState",
        help="Sent when a sign-in starts at the tile. Often the URL of a page to open",
    )
    launch_url = fields.Text(
        load_default="",
        validate=checks.optional(checks.check_url),
        label="Launch URL",
        help="The tile opens it. For service providers that accept SP-initiated sign-in only",
        placeholder="https://app.example.com/login",
    )
    acs_indexes = fields.Lines(
        fields.Text(validate=check_acs_index),
        load_default=list,
        validate=Length(max=100, error="Enter at most 100 indexes"),
        label="ACS indexes",
        help="For requests with AssertionConsumerServiceIndex: number, space and URL, one per "
        "line. By default, the ACS URLs are numbered from 0",
        multiline=True,
    )
    attributes = List(
        Nested(AttributeForm),
        load_default=lambda: [dict(row) for row in USUAL_ATTRIBUTES],
        error_messages={"invalid": "Enter a list of name, name_format and source"},
        validate=Length(max=100, error="Enter at most 100 attributes"),
        metadata={
            "label": "Attributes",
            "help": "What the service provider gets about a user in addition to the NameID",
        },
    )

    @pre_load
    def leave_out_empty_rows(self, data: Any, **kwargs: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(rows := data.get("attributes"), list):
            return {**data, "attributes": [row for row in rows if not _is_empty(row)]}
        return data


def _is_empty(row: Any) -> bool:
    return isinstance(row, Mapping) and not any(row.get(k) for k in ("name", "source"))
