"""Custom SAML 2.0: any service provider without an integration of its own."""

from typing import Any

from marshmallow import ValidationError
from ssoko.plugin import (
    Integration,
    Mapping,
    MetadataField,
    Problem,
    ServiceProvider,
    Settings,
    VendorMetadata,
    checks,
    hookimpl,
)

from ssoko_custom_saml import metadata as vendor_metadata
from ssoko_custom_saml.form import InstallForm

__version__ = "0.1.0"


@hookimpl
def integration() -> Integration:
    return Integration(
        name="Custom SAML 2.0",
        summary="Connect any SAML 2.0 service provider with your own settings",
        category="Generic",
        publisher="Ssoko",
        monogram="S2",
        aliases=("generic saml", "service provider", "sp", "own application", "other"),
        requirements=(
            "The service provider's entity ID and ACS URL, from its SAML page or its metadata",
        ),
        metadata_file="Often a URL that ends in /metadata, or a download on its SAML page",
        api="1.0",
        tested_with="0.1",
        certificates_accepted="metadata",
    )


@hookimpl
def install_form() -> type[InstallForm]:
    return InstallForm


@hookimpl
def metadata_fields() -> tuple[MetadataField, ...]:
    return (
        MetadataField(
            key="login_endpoint",
            paste_into="SSO URL",
            help="Also called sign-in URL, login URL or SAML endpoint",
        ),
        MetadataField(
            key="entity_id",
            paste_into="IdP entity ID",
            help="Also called issuer or identity provider ID",
        ),
        MetadataField(key="certificate", paste_into="X.509 certificate", help="In PEM"),
        MetadataField(
            key="metadata_url",
            paste_into="IdP metadata URL",
            help="Contains all other values. Use it where the service provider accepts it",
        ),
        MetadataField(key="metadata_file", paste_into="IdP metadata"),
        MetadataField(
            key="logout_endpoint",
            paste_into="Logout URL",
            help="Also called SLO URL",
        ),
    )


@hookimpl
def service_provider(settings: Settings) -> ServiceProvider:
    return ServiceProvider(
        entity_id=settings["entity_id"],
        acs_urls=tuple(settings["acs_urls"]),
        acs_indexes=tuple(map(_acs_index, settings["acs_indexes"])),
        name_id_format=settings["name_id_format"],
        name_id_source=settings["name_id_source"],
        sign_response=settings["sign_response"],
        sign_assertion=settings["sign_assertion"],
        require_signed_requests=settings["require_signed_requests"],
        encrypt_assertions=settings["encrypt_assertions"],
        encryption_method=settings["encryption_method"],
        certificates=tuple(settings["certificates"]),
        encryption_certificates=tuple(settings["encryption_certificates"]),
        slo_url=settings["logout_url"],
        slo_binding=settings["logout_binding"],
        slo_response_url=settings["logout_response_url"],
        relay_state=settings["relay_state"],
        launch_url=settings["launch_url"],
    )


@hookimpl
def attribute_mappings(settings: Settings) -> tuple[Mapping, ...]:
    return tuple(
        Mapping(name=row["name"], name_format=row["name_format"], source=row["source"])
        for row in settings["attributes"]
    )


@hookimpl
def settings_from_metadata(metadata: VendorMetadata, settings: Settings) -> dict[str, Any]:
    return vendor_metadata.read(metadata, settings)


def _acs_index(line: str) -> tuple[int, str]:
    number, _, url = line.partition(" ")
    return int(number), url.strip()


@hookimpl
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    return (*_errors(settings), *_warnings(settings))


def _errors(settings: Settings) -> list[Problem]:
    errors = _index_errors(settings)
    if not settings["sign_response"] and not settings["sign_assertion"]:
        errors.append(Problem("sign_assertion", "Sign the assertion, the response, or both"))
    if settings["require_signed_requests"] and not settings["certificates"]:
        errors.append(
            Problem("certificates", "Add the certificate that verifies request signatures")
        )
    if settings["encrypt_assertions"]:
        field = "encryption_certificates" if settings["encryption_certificates"] else "certificates"
        certificates = settings[field]
        if not certificates:
            errors.append(Problem("certificates", "Add an encryption certificate"))
        else:
            try:
                checks.check_encryption_certificate(certificates[0])
            except ValidationError as error:
                errors.append(Problem(f"{field}.0", str(error.messages[0])))
    return errors


def _index_errors(settings: Settings) -> list[Problem]:
    errors = []
    numbers: set[int] = set()
    for index, line in enumerate(settings["acs_indexes"]):
        number, url = _acs_index(line)
        if number in numbers:
            errors.append(
                Problem(f"acs_indexes.{index}", "This number is a duplicate. Use each number once")
            )
        elif url not in settings["acs_urls"]:
            errors.append(
                Problem(f"acs_indexes.{index}", "Use only URLs that are listed in ACS URLs")
            )
        numbers.add(number)
    return errors


def _warnings(settings: Settings) -> list[Problem]:
    warnings = []
    source = settings["name_id_source"]
    if source.startswith("constant:"):
        warnings.append(
            Problem("name_id_source", "All users sign in with this one name", "warning")
        )
    elif (
        settings["name_id_format"].endswith(":emailAddress")
        and source.startswith("user.")
        and (source not in {"user.email", "user.username"} and "mail" not in source)
    ):
        warnings.append(
            Problem(
                "name_id_source",
                "The format is emailAddress. The usual source is user.email",
                "warning",
            )
        )
    if settings["logout_url"] and not settings["certificates"]:
        warnings.append(
            Problem(
                "logout_url",
                "The service provider is notified when a user signs out of Ssoko. To accept its "
                "logout requests too, add its certificate: unsigned requests are refused",
                "warning",
            )
        )
    if settings["logout_response_url"] and not settings["logout_url"]:
        warnings.append(
            Problem(
                "logout_response_url",
                "Enter a logout URL too. Without it, this URL is not used",
                "warning",
            )
        )
    names = [row["name"] for row in settings["attributes"]]
    for index, name in enumerate(names):
        if name in names[:index]:
            warnings.append(
                Problem(
                    f"attributes.{index}.name",
                    "This name is a duplicate. Some service providers read only the first one",
                    "warning",
                )
            )
    return warnings
