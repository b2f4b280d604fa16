"""The install form, and the addresses that follow from My Domain."""

import re
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.validate import OneOf
from ssoko.plugin import checks, fields

#: Where the Federation ID of Salesforce comes from.
FEDERATION_IDS = {
    "user.email": "E-mail address",
    "user.username": "User name",
    "user.id": "Id, which never changes",
}
#: Other hosts of an org that people copy, each with the same name before it.
_FACES = re.compile(r"\.(lightning\.force\.com|my\.salesforce-setup\.com|my\.salesforce\.com)$")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
KNOWN_HOST = re.compile(
    rf"{_LABEL}(\.(sandbox|develop|scratch|demo|patch|trailblaze|free))?"
    r"\.my\.salesforce\.(com|mil)"
)


class MyDomain(fields.Text):
    """The host of a My Domain, out of its name or any address of the org."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        host = re.sub(r"^https?://", "", text).partition("/")[0]
        if _FACES.search(host):
            return _FACES.sub(".my.salesforce.com", host)
        name, _, kind = host.partition(".")
        if kind in {"", "sandbox", "develop", "scratch"} and name:
            return f"{host}.my.salesforce.com"
        return host


def _check_my_domain(host: str) -> None:
    if host in {"login.salesforce.com", "test.salesforce.com", "www.salesforce.com"}:
        raise ValidationError(
            f"{host} is for everybody; paste your My Domain, as in acme.my.salesforce.com"
        )
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", host):
        raise ValidationError("Paste your My Domain, as in acme.my.salesforce.com")


def _check_optional_url(text: str) -> None:
    if text:
        checks.check_url(text)


def _check_optional_entity_id(text: str) -> None:
    if text:
        checks.check_entity_id(text)


def _check_profile(text: str) -> None:
    if text and not re.fullmatch(r"00e[A-Za-z0-9]{12}([A-Za-z0-9]{3})?", text):
        raise ValidationError(
            "Paste the id of the profile: it begins with 00e and stands in its page's address"
        )


class InstallForm(Schema):
    """Which org, what it calls itself, and how it knows people."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    my_domain = MyDomain(
        required=True,
        validate=_check_my_domain,
        metadata={
            "label": "My Domain",
            "help": "The address of your org, or its part before .my.salesforce.com",
            "placeholder": "acme.my.salesforce.com",
            "where_to_find": "In Salesforce: Setup > My Domain > Current My Domain URL",
        },
    )
    federation_id = fields.Text(
        load_default="user.email",
        validate=OneOf(FEDERATION_IDS, error="Choose user.email, user.username or user.id"),
        metadata={
            "label": "Federation ID",
            "help": "What stands in the field of that name on each user's page in Salesforce",
            "choices": FEDERATION_IDS,
        },
    )
    entity_id = fields.Text(
        load_default="",
        validate=_check_optional_entity_id,
        metadata={
            "label": "Entity ID",
            "help": "Only where it is not the address of the My Domain",
            "placeholder": "https://acme.my.salesforce.com",
            "where_to_find": "In Salesforce: Setup > Single Sign-On Settings > the entry",
        },
    )
    login_url = fields.Text(
        load_default="",
        validate=_check_optional_url,
        metadata={
            "label": "Login URL",
            "help": "Only where Salesforce shows another one than the My Domain",
            "placeholder": "https://acme.my.salesforce.com?so=00D...",
            "where_to_find": "In Salesforce: Setup > Single Sign-On Settings > Endpoints",
        },
    )
    logout_url = fields.Text(
        load_default="",
        validate=_check_optional_url,
        metadata={
            "label": "Logout URL",
            "help": "Only where Salesforce shows another one than the usual",
            "placeholder": "https://acme.my.salesforce.com/services/auth/sp/saml2/logout",
            "where_to_find": "In Salesforce: Setup > Single Sign-On Settings > Endpoints",
        },
    )
    profile_id = fields.Text(
        load_default="",
        validate=_check_profile,
        metadata={
            "label": "Profile for new users",
            "help": "Only with User Provisioning: its id, which begins with 00e",
            "placeholder": "00e000000000001AAA",
            "where_to_find": "In Salesforce: Setup > Profiles > the profile, in the address",
        },
    )
    certificates = fields.Certificates(
        fields.Text(validate=checks.check_certificate),
        load_default=list,
        metadata={
            "label": "Request Signing Certificate",
            "help": "What Salesforce signs its requests with; its metadata fill this in",
            "where_to_find": "In Salesforce: Setup > Certificate and Key Management",
            "multiline": True,
        },
    )
