"""Atlassian Cloud: sign in to Jira, Confluence and the other cloud apps of an organization."""

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
    SpUrls,
    acceptance,
    fields,
    hookimpl,
)

__version__ = "0.1.0"

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
WHOLE = "All of it, with the first and the last line"
URLS = SpUrls(
    vendor="Atlassian",
    entity_id="Service provider entity URL",
    acs_url="Service provider assertion consumer service URL",
    where_to_find="In Atlassian: Security > Identity providers > the directory > SAML",
    patterns=(
        (
            r"https://auth\.atlassian\.com/saml/([A-Za-z0-9-]+)",
            r"https://auth\.atlassian\.com/login/callback\?connection=saml-([A-Za-z0-9-]+)",
        ),
    ),
    not_yet="https://auth.atlassian.com/saml/not-yet",
)


class InstallForm(fields.Form):
    entity_id = URLS.field("entity_id", placeholder="https://auth.atlassian.com/saml/...")
    acs_url = URLS.field(
        "acs_url", placeholder="https://auth.atlassian.com/login/callback?connection=saml-..."
    )
    site = fields.Host(
        ".atlassian.net",
        load_default="",
        label="Site",
        help="The tile opens it. Leave it empty for Atlassian's start page",
        placeholder="acme.atlassian.net",
        where_to_find="In Atlassian: Products, or your browser's address bar in Jira",
    )


#: What the texts and values of this plugin rely on.
FACTS = (
    Fact(
        claim="The attributes that Atlassian reads",
    ),
    Fact(
        claim="Atlassian does not sign its requests",
    ),
    Fact(
        claim="The texts of the errors",
    ),
)


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Atlassian Cloud",
        summary="Sign in to Jira, Confluence and the other apps of your organization",
        vendor="Atlassian",
        category="Development",
        homepage="https://support.atlassian.com/security-and-access-policies/docs/"
        "configure-saml-single-sign-on-with-an-identity-provider/",
        publisher="Ssoko",
        monogram="At",
        aliases=("jira", "confluence", "trello", "bitbucket", "loom", "atlassian guard"),
        requirements=(
            "Atlassian Guard Standard, formerly Atlassian Access",
            "An account of an organization admin, and a verified domain",
        ),
        facts=FACTS,
        api="1.0",
        tested_with="0.1",
        certificate_import="Identity providers > the directory > SAML > Public x509 certificate",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="entity_id", paste_into="Identity provider Entity ID"),
        MetadataField(key="login_endpoint", paste_into="Identity provider SSO URL"),
        MetadataField(key="certificate", paste_into="Public x509 certificate", help=WHOLE),
        MetadataField(key="metadata_url"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    start = f"https://{settings['site']}" if settings["site"] else ""
    return ServiceProvider(
        entity_id=settings["entity_id"] or URLS.not_yet,
        acs_urls=(settings["acs_url"] or URLS.not_yet,),
        name_id_format=NameIdFormat.EMAIL,
        relay_state=start,
        launch_url="" if settings["acs_url"] else start or "https://id.atlassian.com/login",
    )


@hookimpl
def attribute_mappings() -> tuple[Mapping, ...]:
    mapping = partial(Mapping, name_format="uri")
    # Atlassian finds the account by the name when the email address changes.
    label = "An identifier that never changes"
    return (
        mapping(name=f"{CLAIMS}name", source="user.id", label=label, required=True),
        mapping(name=f"{CLAIMS}givenname", source="user.first_name", label="First name"),
        mapping(name=f"{CLAIMS}surname", source="user.last_name", label="Last name"),
    )


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    return URLS.problems(settings)


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return (
        URLS.rule(),
        *acceptance.usual(NameIdFormat.EMAIL, acs_https=True),
        acceptance.vendor_knows(
            "NameID equals the email address of the Atlassian account",
            "Compare it in Atlassian Administration, Directory > Managed accounts.",
        ),
    )
