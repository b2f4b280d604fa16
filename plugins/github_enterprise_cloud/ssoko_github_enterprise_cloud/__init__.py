"""GitHub Enterprise Cloud: one organization, or an enterprise, on github.com or ghe.com."""

import re
from typing import Any

from marshmallow import ValidationError
from marshmallow.validate import Regexp
from ssoko.plugin import (
    AcceptanceRule,
    Fact,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    ServiceProvider,
    Settings,
    VendorMetadata,
    acceptance,
    fields,
    hookimpl,
)

__version__ = "0.1.0"

WHOLE = "All of it, with the first and the last line"
#: Pages that could be names of organizations.
PAGES = frozenset("login logout settings sessions account dashboard sso join features".split())
KINDS = ("orgs", "organizations", "enterprises")
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"


class AccountUrl(fields.Text):
    """The URL of an organization or enterprise, from its name or any URL below it."""

    def clean(self, text: str) -> str:
        if re.fullmatch(NAME, text):
            return f"https://github.com/orgs/{text}"
        text = re.sub(r"^https?://(www\.)?", "", re.split(r"[?#]", text)[0]).rstrip("/")
        if enterprise := re.fullmatch(r"([a-z0-9-]+)\.ghe\.com", text, re.IGNORECASE):
            return f"https://{text.lower()}/enterprises/{enterprise[1].lower()}"
        shape = rf"([^/]+)/(?:({'|'.join(KINDS)})/)?({NAME})(?:/.*)?"
        if not (match := re.fullmatch(shape, text)) or match[3] in KINDS:
            return text
        if not match[2] and match[3].lower() in PAGES:
            raise ValidationError(
                f"{match[3]} is a page of GitHub. Enter the URL of your organization or "
                "enterprise, such as https://github.com/orgs/acme"
            )
        kind = "enterprises" if match[2] == "enterprises" else "orgs"
        return f"https://{match[1].lower()}/{kind}/{match[3]}"


class InstallForm(fields.Form):
    address = AccountUrl(
        required=True,
        validate=Regexp(
            rf"https://[a-z0-9][a-z0-9.-]*/(orgs|enterprises)/{NAME}\Z",
            error="Enter the URL of an organization or enterprise, such as "
            "https://github.com/orgs/acme or https://github.com/enterprises/acme",
        ),
        label="Organization or enterprise",
        help="Its URL at GitHub, or the name of an organization",
        placeholder="https://github.com/orgs/acme",
        where_to_find="In GitHub: your picture > Your organizations, or Your enterprises",
        usual=rf"https://github\.com/(orgs|enterprises)/{NAME}"
        rf"|https://([a-z0-9-]+)\.ghe\.com/(enterprises/\2|orgs/{NAME})",
    )


#: What the texts and values of this plugin rely on.
FACTS = (
    Fact(
        claim="NameID is any persistent identifier that people can read",
        verified="2026-11-28",
        source="https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/saml-configuration-reference",
    ),
    Fact(
        claim="Either the response or the assertion is signed",
        verified="2026-11-28",
        source="https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/saml-configuration-reference",
    ),
    Fact(
        claim="A session ends after 24 hours without SessionNotOnOrAfter",
        verified="2026-11-28",
        source="https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/saml-configuration-reference",
    ),
    Fact(
        claim="The metadata are at /saml/metadata below the entity ID",
        verified="2026-11-28",
        source="https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/saml-configuration-reference",
    ),
    Fact(
        claim="GitHub does not sign its requests",
    ),
)


@hookimpl
def integration() -> Integration:
    return Integration(
        name="GitHub Enterprise Cloud",
        summary="Guard the repositories of an organization or enterprise",
        vendor="GitHub",
        category="Development",
        homepage="https://docs.github.com/en/enterprise-cloud@latest/organizations/"
        "managing-saml-single-sign-on-for-your-organization",
        publisher="Ssoko",
        monogram="GH",
        aliases=("github", "git", "source code", "repositories", "ghec", "ghe.com"),
        requirements=("GitHub Enterprise Cloud", "An owner of the organization or the enterprise"),
        metadata_hosts=r"github\.com|.*\.ghe\.com",
        metadata_file="The organization's URL with /saml/metadata at its end",
        facts=FACTS,
        api="1.0",
        tested_with="0.1",
        certificate_import="Settings > Authentication security > Public certificate",
    )


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(key="login_endpoint", paste_into="Sign on URL"),
        MetadataField(key="entity_id", paste_into="Issuer"),
        MetadataField(key="certificate", paste_into="Public certificate", help=WHOLE),
        MetadataField(key="metadata_url"),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["address"],
        acs_urls=(f"{settings['address']}/saml/consume",),
        # GitHub asks for a persistent identifier that people can read, and links its account to it.
        name_id_format=NameIdFormat.PERSISTENT,
        name_id_source="user.username",
    )


@hookimpl
def attribute_mappings(settings: Settings) -> tuple[Mapping, ...]:
    rows = (("emails", "user.email", "Email"), ("full_name", "user.display_name", "Full name"))
    return tuple(
        Mapping(name=name, source=source, name_format="basic", label=label)
        for name, source, label in rows
        if "/enterprises/" in settings["address"]
    )


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    return {"address": metadata.entity_id}


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return acceptance.usual(
        NameIdFormat.PERSISTENT,
        no_signed_requests="GitHub publishes no certificate for its requests",
        no_encryption="Organizations cannot decrypt assertions",
    )
