"""AWS account federation: take IAM roles in the console and on the command line."""

import re
from collections.abc import Mapping as Settings
from importlib.resources import files
from typing import Any

from marshmallow import Schema
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
    SignInRefused,
    Site,
    VendorMetadata,
    hookimpl,
)

from ssoko_aws_account import arns
from ssoko_aws_account.demands import ATTRIBUTES, RULES
from ssoko_aws_account.form import InstallForm

__version__ = "0.1.0"

#: Key of the attribute of our roles that names IAM roles.
ROLE_KEY = "aws_role"


@hookimpl
def integration() -> Integration:
    return Integration(
        name="AWS account federation",
        summary="Take IAM roles in the AWS console and on the command line",
        description=files(__package__).joinpath("description.md").read_text("utf-8"),
        vendor="AWS",
        category="Cloud",
        homepage="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_saml.html",
        publisher="Ssoko",
        monogram="IAM",
        aliases=("amazon web services", "iam", "iam roles", "aws console", "assume role"),
        requirements=(
            "The right to make identity providers and roles in IAM, in each account",
            "The 12 digits of the AWS account",
        ),
        metadata_file="https://signin.aws.amazon.com/static/saml-metadata.xml",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="many",
        certificate_import="IAM > Identity providers > the provider > Upload metadata",
        certificate_removal="IAM > Identity providers > the provider > Upload metadata, again",
    )


@hookimpl
def install_form() -> type[Schema]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="metadata_file",
            label="Metadata file",
            paste_into="Metadata document",
            help="IAM takes all it needs from this file, and nothing else",
        ),
        MetadataField(key="metadata_url", label="Metadata URL"),
        MetadataField(key="entity_id", label="Entity ID"),
        MetadataField(key="login_endpoint", label="Login Endpoint"),
        MetadataField(key="certificate", label="Certificate"),
    )


@hookimpl
def default_role() -> DefaultRole:
    return DefaultRole(
        name="sso-aws-account-{name}-role", description="May take the IAM roles of {name}"
    )


@hookimpl
def installation_guide() -> str:
    return files(__package__).joinpath("guide.md").read_text("utf-8")


@hookimpl
def service_provider(settings: Settings[str, Any], site: Site) -> ServiceProvider:
    partition = arns.PARTITIONS[settings["partition"]]
    return ServiceProvider(
        entity_id=partition.entity_id,
        acs_urls=(settings["sign_in_url"] or partition.sign_in_url,),
        name_id_format=NameIdFormat.PERSISTENT,
        name_id_source="user.id",
        sign_response=True,
        sign_assertion=True,
        relay_state=settings["console_page"] or partition.console,
    )


@hookimpl
def check_settings(settings: Settings[str, Any]) -> tuple[Problem, ...]:
    """Refuse roles that cannot be read and endpoints of another partition; warn of odd ones."""
    found = []
    for text in settings["roles"]:
        try:
            _pair(settings, text)
        except ValueError as error:
            found.append(Problem("roles", str(error)))
    url = settings["sign_in_url"]
    if url and (partition := arns.partition_of(url)) != settings["partition"]:
        if partition:
            label = arns.PARTITIONS[partition].label
            found.append(Problem("partition", f"Choose {label}; the sign-in URL belongs to it"))
        else:
            found.append(
                Problem(
                    "sign_in_url",
                    "AWS usually writes this one differently. Compare it with the page of the "
                    "provider in IAM, or leave it empty",
                    "warning",
                )
            )
    return tuple(found)


@hookimpl
def settings_from_metadata(metadata: VendorMetadata) -> dict[str, Any]:
    partitions = {found.entity_id: name for name, found in arns.PARTITIONS.items()}
    return {
        "partition": partitions.get(metadata.entity_id, ""),
        "sign_in_url": metadata.acs_urls[0] if metadata.acs_urls else "",
    }


@hookimpl
def saml_attributes(settings: Settings[str, Any], person: Person) -> tuple[SamlAttribute, ...]:
    """Name the IAM roles that this person may take, and what the session is called."""
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


def _pair(settings: Settings[str, Any], text: str) -> str:
    return arns.pair(
        text,
        partition=settings["partition"],
        account_id=settings["account_id"],
        provider=settings["provider_name"],
    )


def _roles(settings: Settings[str, Any], person: Person) -> tuple[str, ...]:
    pairs: dict[str, None] = {}
    for role in person.application_roles:
        for text in role.values(ROLE_KEY) or settings["roles"]:
            try:
                pairs[_pair(settings, text)] = None
            except ValueError as error:
                raise SignInRefused(
                    f"{ROLE_KEY} of the role {role.name}: {error}",
                    fix=f"Open the role {role.name}, Settings, and mend {ROLE_KEY} in Attributes.",
                ) from None
    if not pairs:
        names = ", ".join(role.name for role in person.application_roles)
        raise SignInRefused(
            f"No IAM role is written at {names}",
            fix="Fill in IAM roles in the application's Settings, or open the role, Settings, and "
            f"write {ROLE_KEY}: and the name of an IAM role into Attributes.",
        )
    return tuple(pairs)


def _session_name(settings: Settings[str, Any], person: Person) -> str:
    """Return what AWS takes: 2 to 64 letters, digits and ``_+=,.@-``."""
    source = settings["session_name"]
    name = re.sub(r"[^\w+=,.@-]", "-", getattr(person, source), flags=re.ASCII)[:64]
    if len(name) < 2:
        raise SignInRefused(
            f"The {source} of this person is too short for a session name",
            fix=f"Fill in the {source} of this user, or choose another Session name in the "
            "application's Settings.",
        )
    return name
