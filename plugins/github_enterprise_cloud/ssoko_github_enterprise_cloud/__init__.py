"""GitHub Enterprise Cloud: one organization, or an enterprise, on github.com or ghe.com."""

import re
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
    VendorMetadata,
    fields,
    hookimpl,
)

from ssoko_github_enterprise_cloud.demands import RULES

__version__ = "0.1.0"

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"
_KNOWN = re.compile(
    rf"https://github\.com/(orgs|enterprises)/{_NAME}"
    rf"|https://([a-z0-9-]+)\.ghe\.com/(enterprises/\2|orgs/{_NAME})"
)
#: First parts of paths at GitHub, and what they lead to; any other is an organization's name.
_KINDS = {"orgs": "orgs", "organizations": "orgs", "enterprises": "enterprises"}
_EXAMPLE = "https://github.com/orgs/acme or https://github.com/enterprises/acme"


class Address(fields.Text):
    """Where an organization or enterprise is, out of its name or any address below it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if re.fullmatch(_NAME, text):
            return f"https://github.com/orgs/{text}"
        host, _, path = re.sub(r"^https?://(www\.)?", "", text).partition("/")
        host, parts = host.lower(), [part for part in path.split("/") if part]
        if not parts and host.endswith(".ghe.com"):
            parts = ["enterprises", host.removesuffix(".ghe.com")]
        if parts and parts[0] not in _KINDS:
            parts = ["orgs", *parts]
        kind = _KINDS[parts[0]] if parts else ""
        return f"https://{host}/{kind}/{parts[1]}" if len(parts) > 1 else f"https://{host}"


def _check_address(text: str) -> None:
    if not re.fullmatch(rf"https://[a-z0-9][a-z0-9.-]*/(orgs|enterprises)/{_NAME}", text):
        raise ValidationError(
            f"Paste the address of the organization or the enterprise, such as {_EXAMPLE}"
        )


class InstallForm(Schema):
    """Which organization or enterprise."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    address = Address(
        required=True,
        validate=_check_address,
        metadata={
            "label": "Organization or enterprise",
            "help": "Its address at GitHub, or the name of an organization",
            "placeholder": "https://github.com/orgs/acme",
            "where_to_find": "In GitHub: your picture > Your organizations, or Your enterprises",
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="GitHub Enterprise Cloud",
        summary="Guard the repositories of an organization or enterprise",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        vendor="GitHub",
        category="Development",
        homepage="https://docs.github.com/en/enterprise-cloud@latest/organizations/"
        "managing-saml-single-sign-on-for-your-organization",
        publisher="Ssoko",
        monogram="GH",
        aliases=("github", "git", "source code", "repositories", "ghec", "ghe.com"),
        requirements=(
            "GitHub Enterprise Cloud",
            "An account of an owner of the organization, or of the enterprise",
        ),
        metadata_file="The organization's address with /saml/metadata at its end",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="one",
        certificate_import="Settings > Authentication security > Public certificate",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", label="Login Endpoint", paste_into="Sign on URL"),
        MetadataField(key="entity_id", label="Entity ID", paste_into="Issuer"),
        MetadataField(
            key="certificate",
            label="Certificate",
            paste_into="Public certificate",
            help="All of it, with its first and last line",
        ),
        MetadataField(key="metadata_url", label="Metadata URL"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(
        name="sso-github-enterprise-cloud-{name}-role",
        description="May sign in to {name} at GitHub",
    )


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    address = settings["address"]
    return ServiceProvider(
        entity_id=address,
        acs_urls=(f"{address}/saml/consume",),
        # What GitHub links an account to must never change.
        name_id_format=NameIdFormat.PERSISTENT,
        name_id_source="user.id",
        sign_response=True,
        sign_assertion=True,
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    if "/orgs/" in settings["address"]:
        return ()
    return (
        Mapping(name="emails", source="user.email", name_format="basic", label="E-mail address"),
        Mapping(
            name="full_name", source="user.display_name", name_format="basic", label="Full name"
        ),
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Point at an address that looks unusual."""
    if _KNOWN.fullmatch(settings["address"]):
        return ()
    return (
        Problem(
            "address",
            f"GitHub usually writes this one differently, such as {_EXAMPLE}. Compare it with "
            "your browser's address bar",
            "warning",
        ),
    )


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    return {"address": metadata.entity_id}


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
