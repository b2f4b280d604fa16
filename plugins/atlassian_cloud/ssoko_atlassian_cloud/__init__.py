"""Atlassian Cloud: sign in to Jira, Confluence and the other cloud apps of an organization."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import Any

from marshmallow import Schema, ValidationError
from ssoko.plugin import (
    AcceptanceRule,
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Site,
    checks,
    fields,
    hookimpl,
)

from ssoko_atlassian_cloud.demands import NOT_YET, RULES

__version__ = "0.1.0"

WHERE = "In Atlassian: Security > Identity providers > the directory > SAML"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
HOME = "https://id.atlassian.com/login"
_KNOWN = {
    "entity_id": re.compile(r"https://auth\.atlassian\.com/saml/([A-Za-z0-9-]+)"),
    "acs_url": re.compile(
        r"https://auth\.atlassian\.com/login/callback\?connection=saml-([A-Za-z0-9-]+)"
    ),
}
_LABELS = {
    "entity_id": "Service provider entity URL",
    "acs_url": "Service provider assertion consumer service URL",
}


class SiteName(fields.Text):
    """The host of a site, out of its name or any address in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        host = re.sub(r"^https?://", "", text).partition("/")[0]
        return host if "." in host or not host else f"{host}.atlassian.net"


def _check_site(host: str) -> None:
    if host and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", host):
        raise ValidationError("Paste the site's address, such as acme.atlassian.net")


def _recognised(field: str, check: Callable[[str], None]) -> Callable[[str], None]:
    (other,) = set(_LABELS) - {field}

    def refuse(text: str) -> None:
        if _KNOWN[other].fullmatch(text):
            raise ValidationError(f"This is the {_LABELS[other]}; paste the {_LABELS[field]} here")
        if text:
            check(text)

    return refuse


class InstallForm(Schema):
    """What Atlassian shows of the directory once it has our values, and a site to open."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    entity_id = fields.Text(
        load_default="",
        validate=_recognised("entity_id", checks.check_entity_id),
        metadata={
            "label": _LABELS["entity_id"],
            "help": "Atlassian shows it after it has our values; leave it empty until then",
            "placeholder": "https://auth.atlassian.com/saml/...",
            "where_to_find": WHERE,
        },
    )
    acs_url = fields.Text(
        load_default="",
        validate=_recognised("acs_url", checks.check_url),
        metadata={
            "label": _LABELS["acs_url"],
            "help": "It stands below the entity URL; leave it empty until then",
            "placeholder": "https://auth.atlassian.com/login/callback?connection=saml-...",
            "where_to_find": WHERE,
        },
    )
    site = SiteName(
        load_default="",
        validate=_check_site,
        metadata={
            "label": "Site",
            "help": "Where the tile leads; empty for Atlassian's start page",
            "placeholder": "acme.atlassian.net",
            "where_to_find": "In Atlassian: Products, or your browser's address bar in Jira",
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Atlassian Cloud",
        summary="Sign in to Jira, Confluence and the other apps of your organization",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        vendor="Atlassian",
        category="Development",
        homepage="https://support.atlassian.com/security-and-access-policies/docs/"
        "configure-saml-single-sign-on-with-an-identity-provider/",
        publisher="Ssoko",
        monogram="At",
        aliases=("jira", "confluence", "trello", "bitbucket", "loom", "atlassian guard"),
        requirements=(
            "Atlassian Guard Standard, once called Atlassian Access",
            "An account of an organization admin, and a verified domain",
        ),
        api="1.0",
        tested_with="0.1",
        certificates_accepted="one",
        certificate_import="Identity providers > the directory > SAML > Public x509 certificate",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="entity_id", label="Entity ID", paste_into="Identity provider Entity ID"),
        MetadataField(
            key="login_endpoint", label="Login Endpoint", paste_into="Identity provider SSO URL"
        ),
        MetadataField(
            key="certificate",
            label="Certificate",
            paste_into="Public x509 certificate",
            help="All of it, with its first and last line",
        ),
        MetadataField(key="metadata_url", label="Metadata URL"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(
        name="sso-atlassian-cloud-{name}-role", description="May sign in to {name} at Atlassian"
    )


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    start = f"https://{settings['site']}" if settings["site"] else ""
    return ServiceProvider(
        entity_id=settings["entity_id"] or NOT_YET,
        acs_urls=(settings["acs_url"] or NOT_YET,),
        name_id_format=NameIdFormat.EMAIL,
        name_id_source="user.email",
        sign_response=True,
        sign_assertion=True,
        relay_state=start,
        launch_url="" if settings["acs_url"] else start or HOME,
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    # The name is what Atlassian finds an account by after its address has changed.
    return (
        Mapping(
            name=f"{CLAIMS}name",
            source="user.id",
            name_format="uri",
            label="An identifier that never changes",
            required=True,
        ),
        Mapping(
            name=f"{CLAIMS}givenname",
            source="user.first_name",
            name_format="uri",
            label="First name",
        ),
        Mapping(
            name=f"{CLAIMS}surname", source="user.last_name", name_format="uri", label="Last name"
        ),
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Refuse halves and mixtures of directories; point at what is missing or unusual."""
    missing = [field for field in _LABELS if not settings[field]]
    if len(missing) == 2:
        return (
            Problem(
                "entity_id",
                "Paste both addresses as soon as Atlassian shows them; until then nobody can "
                "sign in",
                "warning",
            ),
        )
    if missing:
        label = _LABELS[missing[0]]
        return (Problem(missing[0], f"Paste the {label} too; Atlassian shows both together"),)
    found = {field: _KNOWN[field].fullmatch(settings[field]) for field in _LABELS}
    ids = {match.group(1) for match in found.values() if match}
    if len(ids) == 2:
        return (Problem("acs_url", "The two are of different directories; paste both again"),)
    return tuple(
        Problem(
            field,
            f"Atlassian usually writes this one differently. Compare it with {_LABELS[field]} on "
            "the directory's page",
            "warning",
        )
        for field, match in found.items()
        if not match
    )


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
