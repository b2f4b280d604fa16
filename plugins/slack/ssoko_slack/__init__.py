"""Slack: sign in to one workspace, or to an Enterprise organization."""

from functools import partial

from ssoko.plugin import (
    AcceptanceRule,
    Fact,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Problem,
    ServiceProvider,
    Settings,
    acceptance,
    checks,
    fields,
    hookimpl,
)

__version__ = "0.1.0"

WHOLE = "All of it, with the first and the last line"
VENDOR_HOSTS = [f"{name}slack.com" for name in ("", "enterprise.", "app.", "www.", "api.", "my.")]


class InstallForm(fields.Form):
    workspace = fields.Host(
        ".slack.com",
        vendor_hosts=VENDOR_HOSTS,
        required=True,
        label="Workspace URL",
        help="The URL of your workspace, or its part before .slack.com",
        placeholder="acme.slack.com",
        where_to_find="In Slack: below the workspace's name, at the top left",
        usual=r"[a-z0-9][a-z0-9-]*(\.enterprise)?\.slack(-gov)?\.com",
    )
    issuer = fields.Text(
        load_default="https://slack.com",
        validate=checks.check_entity_id,
        label="Service provider issuer",
        help="The same value as in Slack. With several workspaces, each uses its own URL",
        placeholder="https://slack.com",
        where_to_find="In Slack: SAML authentication > Advanced options",
    )


#: What the texts and values of this plugin rely on.
FACTS = (
    Fact(
        claim="NameID is persistent, unique and never changes",
        verified="2026-11-28",
        source="https://slack.com/help/articles/205168057-Custom-SAML-single-sign-on",
    ),
    Fact(
        claim="User.Email is required; User.Username, first_name and last_name are optional",
        verified="2026-11-28",
        source="https://slack.com/help/articles/205168057-Custom-SAML-single-sign-on",
    ),
    Fact(
        claim="The response must be signed",
        verified="2026-11-28",
        source="https://slack.com/help/articles/205168057-Custom-SAML-single-sign-on",
    ),
    Fact(
        claim="Single logout is not supported",
        verified="2026-11-28",
        source="https://slack.com/help/articles/205168057-Custom-SAML-single-sign-on",
    ),
    Fact(
        claim="SSO settings are under SSO & authentication, on Enterprise under Security",
        verified="2026-11-28",
        source="https://slack.com/help/articles/220403548-Manage-single-sign-on-settings",
    ),
    Fact(
        claim="Usernames have at most 21 characters",
    ),
)


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Slack",
        summary="Sign in to a workspace or a whole Enterprise organization",
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
        facts=FACTS,
        api="1.0",
        tested_with="0.1",
        certificate_import="SAML authentication > Configure > Public certificate",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="login_endpoint", paste_into="SAML SSO URL", help="Also called SAML 2.0 Endpoint"
        ),
        MetadataField(key="entity_id", paste_into="Identity provider issuer"),
        MetadataField(key="certificate", paste_into="Public certificate", help=WHOLE),
        MetadataField(key="metadata_url"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["issuer"],
        acs_urls=(f"https://{settings['workspace']}/sso/saml",),
        # When the NameID changes, Slack creates a second account.
        name_id_format=NameIdFormat.PERSISTENT,
        name_id_source="user.id",
    )


@hookimpl
def attribute_mappings() -> tuple[Mapping, ...]:
    mapping = partial(Mapping, name_format="basic")
    return (
        mapping(name="User.Email", source="user.email", label="Email", required=True),
        mapping(name="User.Username", source="user.username", label="Username"),
        mapping(name="first_name", source="user.first_name", label="First name"),
        mapping(name="last_name", source="user.last_name", label="Last name"),
    )


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    usual = ("https://slack.com", f"https://{settings['workspace']}")
    problems = fields.warnings(InstallForm, settings)
    if settings["issuer"] not in usual:
        message = f"Slack usually uses {' or '.join(usual)}. Compare it with the one in Slack"
        problems += (Problem("issuer", message, "warning"),)
    return problems


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return acceptance.usual(NameIdFormat.PERSISTENT)
