"""AWS account federation: use IAM roles in the console and on the command line."""

import re
from typing import Any

from ssoko.plugin import (
    AcceptanceRule,
    DefaultRole,
    Integration,
    MetadataField,
    NameIdFormat,
    Person,
    Problem,
    SamlAttribute,
    ServiceProvider,
    Settings,
    SignInRefused,
    VendorMetadata,
    hookimpl,
)

from ssoko_aws_account import arns
from ssoko_aws_account.acceptance import ATTRIBUTES, RULES
from ssoko_aws_account.form import InstallForm

__version__ = "0.1.0"

#: Attribute of a role in Ssoko with the names of IAM roles.
ROLE_KEY = "aws_role"


@hookimpl
def integration() -> Integration:
    return Integration(
        name="AWS account federation",
        summary="Use IAM roles in the AWS console and on the command line",
        vendor="AWS",
        category="Cloud",
        homepage="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_saml.html",
        publisher="Ssoko",
        monogram="IAM",
        aliases=("amazon web services", "iam", "iam roles", "aws console", "assume role"),
        requirements=(
            "Permission to create identity providers and roles in IAM, in each account",
            "The 12 digits of the AWS account",
        ),
        metadata_hosts=r"urn:amazon:webservices(:.*)?"
        r"|([a-z0-9-]+\.)?signin\.(aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn"
        r"|amazonaws-eusc\.eu)",
        metadata_file="https://signin.aws.amazon.com/static/saml-metadata.xml",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="many",
        certificate_import="IAM > Identity providers > the provider > Upload metadata",
        certificate_removal="IAM > Identity providers > the provider > Upload metadata, again",
    )


@hookimpl
def install_form() -> type[InstallForm]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="metadata_file",
            paste_into="Metadata document",
            help="IAM reads everything from this file and needs nothing else",
        ),
        MetadataField(key="metadata_url"),
        MetadataField(key="entity_id"),
        MetadataField(key="login_endpoint"),
        MetadataField(key="certificate"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(
        name="sso-aws-account-{name}-role", description="May use the IAM roles of {name}"
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    partition = arns.PARTITIONS[settings["partition"]]
    return ServiceProvider(
        entity_id=settings["entity_id"] or partition.entity_id,
        acs_urls=(settings["sign_in_url"] or partition.sign_in_url,),
        name_id_format=NameIdFormat.PERSISTENT,
        name_id_source="user.id",
        relay_state=settings["console_page"] or partition.console,
    )


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    """Refuse invalid roles and endpoints of another partition; warn of unusual endpoints."""
    problems = []
    for text in settings["roles"]:
        try:
            _pair(settings, text)
        except ValueError as error:
            problems.append(Problem("roles", str(error)))
    if settings["partition"] == "aws-eusc" and not settings["entity_id"]:
        problems.append(
            Problem(
                "entity_id",
                "Compare it with entityID in the metadata file of AWS. Without a value, "
                f"{arns.PARTITIONS['aws-eusc'].entity_id} is used",
                "warning",
            )
        )
    url = settings["sign_in_url"]
    if url and (partition := arns.partition_of(url)) != settings["partition"]:
        if partition:
            label = arns.PARTITIONS[partition].label
            problems.append(
                Problem("partition", f"The sign-in URL belongs to {label}. Choose {label}")
            )
        else:
            problems.append(
                Problem(
                    "sign_in_url",
                    "This sign-in URL looks unusual. Compare it with the page of the provider in "
                    "IAM, or leave it empty",
                    "warning",
                )
            )
    return tuple(problems)


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    url = metadata.acs_urls[0]
    by_entity_id = {p.entity_id: name for name, p in reversed(arns.PARTITIONS.items())}
    partition = arns.partition_of(url) or by_entity_id.get(metadata.entity_id, "")
    usual = partition != "aws-eusc" and metadata.entity_id in by_entity_id
    return {
        "partition": partition,
        "sign_in_url": url,
        "entity_id": "" if usual else metadata.entity_id,
    }


@hookimpl
def saml_attributes(settings: Settings, person: Person) -> tuple[SamlAttribute, ...]:
    """Return the IAM roles that the user may use, and the session name."""
    attributes = {
        "Role": _roles(settings, person),
        "RoleSessionName": (_session_name(settings, person),),
    }
    if settings["session_duration"]:
        attributes["SessionDuration"] = (settings["session_duration"],)
    return tuple(
        SamlAttribute(name=ATTRIBUTES + name, values=values, name_format="uri")
        for name, values in attributes.items()
    )


@hookimpl
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    return RULES


def _pair(settings: Settings, text: str) -> str:
    return arns.pair(
        text,
        partition=settings["partition"],
        account_id=settings["account_id"],
        provider=settings["provider_name"],
    )


def _roles(settings: Settings, person: Person) -> tuple[str, ...]:
    pairs: dict[str, None] = {}
    for role in person.application_roles:
        for text in role.values(ROLE_KEY) or settings["roles"]:
            try:
                pairs[_pair(settings, text)] = None
            except ValueError as error:
                raise SignInRefused(
                    f"{ROLE_KEY} of the role {role.name}: {error}",
                    fix=f"Open the role {role.name}, Settings. Correct {ROLE_KEY} in Attributes.",
                ) from None
    if not pairs:
        names = ", ".join(role.name for role in person.application_roles)
        raise SignInRefused(
            f"The role {names} has no IAM role",
            fix="Enter IAM roles in the application's Settings, or open the role, Settings, "
            f"and add {ROLE_KEY}: and the name of an IAM role in Attributes.",
        )
    return tuple(pairs)


def _session_name(settings: Settings, person: Person) -> str:
    """Return a name that AWS accepts: 2 to 64 letters, digits and ``_+=,.@-``."""
    source = settings["session_name"]
    name = re.sub(r"[^\w+=,.@-]", "-", getattr(person, source), flags=re.ASCII)[:64]
    if len(name) < 2:
        raise SignInRefused(
            f"The {source} of this user is too short for a session name",
            fix=f"Enter the {source} of this user, or choose another Session name in the "
            "application's Settings.",
        )
    return name
