"""Applications, their mappers, and the metadata of service providers."""

from dataclasses import asdict
from typing import Any, get_args

from marshmallow import fields, pre_dump

from ssoko.plugin import ServiceProvider
from ssoko.saml.sp_metadata.values import SpMetadata
from ssoko.schemas.issuers import IdpMetadataSchema
from ssoko.schemas.output import Choice, IdAndNameSchema, Output, Texts, Timestamp
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata, for_plugin
from ssoko.services.applications.upgrade_marks import UpgradeMark
from ssoko.services.applications.views import ApplicationView, PluginState, State

_BINDINGS = ("redirect", "post")


class IndexedUrl(fields.Tuple):
    """A pair of an index and an ACS URL, written as a list of two."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__((fields.Integer(), fields.Url()), **kwargs)


class ServiceProviderSchema(Output):
    """The recorded service provider of an application. Sign-in uses these values."""

    entity_id = fields.String()
    acs_urls = fields.List(fields.Url(), metadata={"description": "The default first."})
    acs_indexes = fields.List(
        IndexedUrl(),
        metadata={"description": "Index and ACS URL, for requests with an index."},
    )
    name_id_format = fields.String(metadata={"description": "URI."})
    name_id_source = fields.String(metadata={"description": "Source of the NameID's value."})
    sign_response = fields.Boolean()
    sign_assertion = fields.Boolean()
    require_signed_requests = fields.Boolean()
    encrypt_assertions = fields.Boolean()
    encryption_method = Choice(get_args(ServiceProvider.__annotations__["encryption_method"]))
    certificates = Texts(metadata={"description": "PEM certificates of its signing keys."})
    encryption_certificates = Texts(
        metadata={
            "description": "PEM certificates of its encryption keys. When empty, the first of "
            "`certificates` is used."
        }
    )
    slo_url = fields.String(
        metadata={"description": "Single logout URL; empty without single logout."}
    )
    slo_binding = Choice(_BINDINGS)
    slo_response_url = fields.String(
        metadata={"description": "URL for logout responses; empty when it is `slo_url`."}
    )
    relay_state = fields.String(
        metadata={"description": "RelayState of an IdP-initiated sign-in; may be empty."}
    )
    launch_url = fields.String(
        metadata={
            "description": "URL that the tile opens when the vendor accepts SP-initiated sign-in "
            "only; else empty."
        }
    )
    idp_initiated = fields.Boolean(
        metadata={"description": "A tile or launch link may start a sign-in."}
    )
    lifetime = fields.Integer(metadata={"description": "Seconds that an assertion is valid."})
    session_lifetime = fields.Integer(
        metadata={"description": "Seconds that a session at the service provider may last, or 0."}
    )


class UpgradeMarkSchema(Output):
    """An update of the plugin that an admin should review."""

    to = fields.String(
        attribute="proposer",
        metadata={"description": "The loaded plugin, such as `ssoko-aws 0.2`."},
    )
    state = Choice(get_args(UpgradeMark.__annotations__["state"]))


class WarningSchema(Output):
    """Something to look at in the settings of an application."""

    field = fields.String(metadata={"description": "Field of the settings, or empty."})
    message = fields.String()


class UnusedSchema(Output):
    """A part of SP metadata that is not used."""

    what = fields.String()
    why = fields.String()


class MetadataSourceSchema(Output):
    """The SP metadata that last filled the settings of an application."""

    source = fields.String(
        attribute="words", metadata={"description": "The URL, the name of the file, or the like."}
    )
    read_at = Timestamp()
    sha256 = fields.String(metadata={"description": "Of its bytes, in hexadecimal."})
    warnings = Texts()
    unused = fields.List(
        fields.Nested(UnusedSchema), metadata={"description": "Its parts that are not used."}
    )


class ApplicationSchema(Output):
    """An integration that is installed in the workspace."""

    id = fields.String()
    slug = fields.String(metadata={"description": "Its name in URLs."})
    name = fields.String()
    integration = fields.String(metadata={"description": "Slug of the integration."})
    enabled = fields.Boolean(metadata={"description": "Users can sign in to it."})
    state = Choice(
        get_args(State),
        metadata={"description": "`needs-setup` until a user has a role of the application."},
    )
    plugin = Choice(get_args(PluginState))
    without_plugin = fields.Boolean(
        metadata={"description": "Sign-ins are allowed while the plugin is not loaded."}
    )
    distribution = fields.String(
        metadata={"description": "The Python distribution whose proposal is recorded."}
    )
    version = fields.String(metadata={"description": "Its version."})
    upgrade = fields.Nested(UpgradeMarkSchema, allow_none=True)
    settings = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(),
        attribute="public_settings",
        metadata={
            "description": "The values of the install form, without the secret ones. While the "
            "plugin is not loaded, all that are recorded."
        },
    )
    warnings = fields.List(
        fields.Nested(WarningSchema), metadata={"description": "Empty in lists."}
    )
    sp_metadata = fields.Nested(
        MetadataSourceSchema,
        attribute="metadata_source",
        allow_none=True,
        metadata={"description": "Null without metadata, and in lists."},
    )
    service_provider = fields.Nested(ServiceProviderSchema)
    overrides = Texts(metadata={"description": "Fields of `service_provider` that an admin set."})
    issuer = fields.String(attribute="issuer.id", metadata={"description": "ID of its issuer."})
    default_role = fields.Nested(IdAndNameSchema, allow_none=True)
    launch_url = fields.Url(metadata={"description": "Starts a sign-in."})
    metadata = fields.Nested(IdpMetadataSchema, attribute="issuer")
    created_at = Timestamp()
    updated_at = Timestamp()
    last_sign_in_at = Timestamp(
        allow_none=True, metadata={"description": "Null when no user signed in to it yet."}
    )

    def read_overrides(self, application: ApplicationView) -> list[str]:
        return sorted(application.overrides)


class MapperSchema(Output):
    """One attribute of the assertion, and the source of its value."""

    name = fields.String()
    source = fields.String(
        metadata={"description": "Such as `user.email` or `user.groups|only:eng-*|upper`."}
    )
    name_format = fields.String(metadata={"description": "`basic`, `uri`, `unspecified` or a URI."})
    friendly_name = fields.String()
    required = fields.Boolean(
        metadata={"description": "Deny the sign-in of a user who has no value."}
    )
    label = fields.String(metadata={"description": "Its name on pages, or empty."})


class AcsIndexSchema(Output):
    """An ACS URL with its index."""

    index = fields.Integer()
    url = fields.Url()


class LogoutEndpointSchema(Output):
    """A single logout endpoint of a service provider."""

    binding = Choice(_BINDINGS)
    url = fields.Url()
    response_url = fields.Url(metadata={"description": "Where logout responses are sent."})


class SpCertificatesSchema(Output):
    """PEM certificates of a service provider."""

    signing = Texts()
    encryption = Texts()


class RequestedAttributeSchema(Output):
    """An attribute that a service provider requests."""

    name = fields.String()
    name_format = fields.String(metadata={"description": "URI, or empty."})
    friendly_name = fields.String()
    required = fields.Boolean()


class SpMetadataSchema(Output):
    """One service provider of a metadata file (OASIS SAML metadata, section 2.4.4)."""

    entity_id = fields.String()
    display_name = fields.String()
    acs_urls = fields.List(fields.Url(), metadata={"description": "The default first."})
    acs_indexes = fields.List(fields.Nested(AcsIndexSchema))
    slo = fields.List(fields.Nested(LogoutEndpointSchema))
    certificates = fields.Nested(SpCertificatesSchema)
    encryption_methods = Texts(
        metadata={"description": "The methods that it lists and Ssoko has; empty without a list."}
    )
    name_id_formats = Texts()
    want_assertions_signed = fields.Boolean()
    authn_requests_signed = fields.Boolean()
    requested_attributes = fields.List(fields.Nested(RequestedAttributeSchema))
    valid_until = Timestamp(
        allow_none=True, metadata={"description": "Null when the metadata does not expire."}
    )
    warnings = Texts(metadata={"description": "What to know before it is used."})
    unused = fields.List(
        fields.Nested(UnusedSchema), metadata={"description": "Its parts that are not used."}
    )

    @pre_dump
    def as_for_plugins(self, profile: SpMetadata, **_: Any) -> dict[str, Any]:
        """Return the values that plugins receive."""
        vendor = for_plugin(profile)
        return asdict(vendor) | {
            "acs_indexes": [{"index": index, "url": url} for index, url in vendor.acs_indexes],
            "certificates": {
                "signing": vendor.certificates,
                "encryption": vendor.encryption_certificates,
            },
            "valid_until": profile.valid_until,
            "warnings": profile.warnings,
            "unused": profile.unused,
        }


class UnusableSpSchema(Output):
    """An entity that cannot be installed."""

    entity_id = fields.String()
    reason = fields.String()


class SpMetadataListSchema(Output):
    """The entities of some metadata."""

    items = fields.List(fields.Nested(SpMetadataSchema), attribute="profiles")
    unusable = fields.List(
        fields.Nested(UnusableSpSchema),
        metadata={"description": "Entities that cannot be used, each with the reason."},
    )
    next = fields.String(allow_none=True, metadata={"description": "Always null."})

    def read_next(self, metadata: ParsedMetadata) -> None:
        return None
