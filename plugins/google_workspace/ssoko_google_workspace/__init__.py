"""Google Workspace: sign in to Gmail, Drive and Google Cloud by a third-party SAML profile."""

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
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Site,
    checks,
    fields,
    hookimpl,
)

from ssoko_google_workspace.addresses import kind_of
from ssoko_google_workspace.demands import NOT_YET, RULES

__version__ = "0.1.0"

WHERE = "In Google: Security > Authentication > SSO with third party IdP > the profile > SP details"
_LABELS = {"entity_id": "Entity ID", "acs_url": "ACS URL"}
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class Domain(fields.Text):
    """A domain, out of itself or an e-mail address in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        return re.sub(r"^https?://", "", text).rpartition("@")[2].rstrip("/")


def _check_domain(text: str) -> None:
    if not _DOMAIN.fullmatch(text):
        raise ValidationError("Write the domain alone, such as example.com")


def _recognised(field: str, other: str, check: Callable[[str], None]) -> Callable[[str], None]:
    def refuse(text: str) -> None:
        if not text:
            return
        if kind_of(text)[0].endswith(other):
            raise ValidationError(f"This is the {_LABELS[other]}; paste the {_LABELS[field]} here")
        check(text)

    return refuse


class InstallForm(Schema):
    """The domain, and what Google shows of the profile once it is saved."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    domain = Domain(
        required=True,
        validate=_check_domain,
        metadata={
            "label": "Primary domain",
            "help": "The tile opens the Gmail of this domain",
            "placeholder": "example.com",
            "where_to_find": "In Google: Account > Domains > Manage domains",
        },
    )
    entity_id = fields.Text(
        load_default="",
        validate=_recognised("entity_id", "acs_url", checks.check_entity_id),
        metadata={
            "label": "Entity ID",
            "help": "Google shows it after the profile is saved; leave it empty until then",
            "placeholder": "https://accounts.google.com/samlrp/01abcdef",
            "where_to_find": WHERE,
        },
    )
    acs_url = fields.Text(
        load_default="",
        validate=_recognised("acs_url", "entity_id", checks.check_url),
        metadata={
            "label": "ACS URL",
            "help": "It stands below the Entity ID; leave it empty until then",
            "placeholder": "https://accounts.google.com/samlrp/01abcdef/acs",
            "where_to_find": WHERE,
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Google Workspace",
        summary="Sign in to Gmail, Drive and Google Cloud",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        vendor="Google",
        category="Productivity",
        homepage="https://knowledge.workspace.google.com/admin/apps/sso-assertion-requirements",
        publisher="Ssoko",
        monogram="G",
        aliases=("gmail", "g suite", "google apps", "drive", "calendar", "google cloud"),
        requirements=(
            "An account of a super administrator of Google Workspace",
            "In Google, a user for each person, with the same primary e-mail address",
        ),
        api="1.0",
        tested_with="0.1",
        certificates_accepted="many",
        certificate_import="SSO with third party IdP > the profile > Verification certificate",
        certificate_removal="SSO with third party IdP > the profile > Verification certificate",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="entity_id", label="Entity ID", paste_into="IdP entity ID"),
        MetadataField(key="login_endpoint", label="Login Endpoint", paste_into="Sign-in page URL"),
        MetadataField(
            key="certificate",
            label="Certificate",
            paste_into="Verification certificate",
            help="As a file; Google keeps two, so that they can be changed without a gap",
        ),
        MetadataField(key="metadata_url", label="Metadata URL"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(
        name="sso-google-workspace-{name}-role", description="May sign in to {name} at Google"
    )


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["entity_id"] or NOT_YET,
        acs_urls=(settings["acs_url"] or f"{NOT_YET}/acs",),
        name_id_format=NameIdFormat.EMAIL,
        name_id_source="user.email",
        sign_response=True,
        sign_assertion=True,
        # Google takes answers to its own requests alone; Gmail sends one.
        launch_url=f"https://mail.google.com/a/{settings['domain']}",
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Refuse halves and mixtures of profiles; point at what is missing or unusual."""
    missing = [field for field in _LABELS if not settings[field]]
    if len(missing) == 2:
        return (
            Problem(
                "entity_id",
                "Paste Entity ID and ACS URL as soon as Google shows them; until then nobody can "
                "sign in",
                "warning",
            ),
        )
    if missing:
        label = _LABELS[missing[0]]
        return (Problem(missing[0], f"Paste the {label} too; Google shows both together"),)
    (entity, profile), (acs, other) = (kind_of(settings[field]) for field in _LABELS)
    if entity and acs and entity.startswith("legacy") != acs.startswith("legacy"):
        return (
            Problem(
                "acs_url",
                "One of the two is of the legacy SSO profile; paste both from the same page",
            ),
        )
    if profile and other and profile != other:
        return (Problem("acs_url", "The two are of different profiles; paste both again"),)
    return tuple(
        Problem(
            field,
            "Google usually writes this one differently. Compare it with SP details in the "
            "Admin console",
            "warning",
        )
        for field, kind in (("entity_id", entity), ("acs_url", acs))
        if not kind
    )


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
