"""Slack: sign in to one workspace, or to an Enterprise organization."""

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
    checks,
    fields,
    hookimpl,
)

from ssoko_slack.demands import RULES

__version__ = "0.1.0"

_KNOWN = re.compile(r"[a-z0-9][a-z0-9-]*(\.enterprise)?\.slack(-gov)?\.com")
#: Hosts that belong to Slack itself.
_SLACKS_OWN = {"app.slack.com", "www.slack.com", "api.slack.com", "my.slack.com"}


class Workspace(fields.Text):
    """The host of a workspace, out of its name, its host or any address in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        host = re.sub(r"^https?://", "", text).partition("/")[0]
        return host if "." in host else f"{host}.slack.com"


def _check_workspace(host: str) -> None:
    if host in {"slack.com", "enterprise.slack.com", *_SLACKS_OWN}:
        raise ValidationError(
            f"{host} belongs to Slack; paste your workspace's address, such as acme.slack.com"
        )
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", host):
        raise ValidationError("Paste your workspace's address, such as acme.slack.com")


class InstallForm(Schema):
    """Which workspace, and what it calls itself."""

    error_messages = {"unknown": "There is no such setting; leave it out"}

    workspace = Workspace(
        required=True,
        validate=_check_workspace,
        metadata={
            "label": "Workspace URL",
            "help": "The address that people open Slack by, or its part before .slack.com",
            "placeholder": "acme.slack.com",
            "where_to_find": "In Slack: below the workspace's name, at the top left",
        },
    )
    issuer = fields.Text(
        load_default="https://slack.com",
        validate=checks.check_entity_id,
        metadata={
            "label": "Service provider issuer",
            "help": "The same as in Slack; with several workspaces each takes its own address",
            "placeholder": "https://slack.com",
            "where_to_find": "In Slack: SAML authentication > Advanced options",
        },
    )


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Slack",
        summary="Sign in to a workspace or a whole Enterprise organization",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        vendor="Slack",
        category="Collaboration",
        homepage="https://slack.com/help/articles/205168057-Custom-SAML-single-sign-on",
        publisher="Ssoko",
        monogram="Sl",
        aliases=("chat", "enterprise grid", "messaging", "channels"),
        requirements=(
            "Slack on the plan Business+ or Enterprise",
            "An account of a Workspace Owner, or of an Org Owner on Enterprise",
        ),
        api="1.0",
        tested_with="0.1",
        certificates_accepted="one",
        certificate_import="SAML authentication > Configure > Public certificate",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="login_endpoint",
            label="Login Endpoint",
            paste_into="SAML SSO URL",
            help="Also called SAML 2.0 Endpoint",
        ),
        MetadataField(key="entity_id", label="Entity ID", paste_into="Identity provider issuer"),
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
    return DefaultRole(name="sso-slack-{name}-role", description="May sign in to {name} at Slack")


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["issuer"],
        acs_urls=(f"https://{settings['workspace']}/sso/saml",),
        # A NameID that changes splits an account in two.
        name_id_format=NameIdFormat.PERSISTENT,
        name_id_source="user.id",
        sign_response=True,
        sign_assertion=True,
    )


@hookimpl
def attribute_mappings(settings: Settings[str, Any]) -> tuple[Mapping, ...]:
    def mapper(name: str, source: str, label: str, required: bool = False) -> Mapping:
        return Mapping(
            name=name, source=source, name_format="basic", label=label, required=required
        )

    return (
        mapper("User.Email", "user.email", "E-mail address", required=True),
        mapper("User.Username", "user.username", "User name"),
        mapper("first_name", "user.first_name", "First name"),
        mapper("last_name", "user.last_name", "Last name"),
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Point at hosts and issuers that look unusual."""
    host, issuer = settings["workspace"], settings["issuer"]
    found = []
    if not _KNOWN.fullmatch(host):
        found.append(
            Problem(
                "workspace",
                "Workspaces usually end in .slack.com or .enterprise.slack.com. Compare it with "
                "the address in Slack",
                "warning",
            )
        )
    if issuer not in {"https://slack.com", f"https://{host}"}:
        found.append(
            Problem(
                "issuer",
                f"Slack usually calls itself https://slack.com or https://{host}. Compare it with "
                "Service provider issuer in Slack",
                "warning",
            )
        )
    return tuple(found)


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES
