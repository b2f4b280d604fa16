"""Issuers and their signing keys."""

from typing import get_args

from marshmallow import fields

from ssoko.schemas.output import Choice, Output, Timestamp
from ssoko.services.issuers.issuers import IssuerView
from ssoko.services.issuers.rotation import State


class IdpMetadataSchema(Output):
    """The values of Ssoko that a service provider asks for."""

    entity_id = fields.String()
    login_endpoint = fields.Url()
    logout_endpoint = fields.Url()
    metadata_url = fields.Url()
    certificate = fields.String(metadata={"description": "PEM of the active signing key."})


class IssuerSchema(Output):
    """The identity that Ssoko presents to a service provider."""

    id = fields.String()
    name = fields.String()
    shared = fields.Boolean(metadata={"description": "Several applications can use it."})
    application_count = fields.Integer()
    certificate_expires_at = Timestamp(attribute="certificate_not_after")
    created_at = Timestamp()
    metadata = fields.Nested(IdpMetadataSchema)

    def read_metadata(self, issuer: IssuerView) -> IssuerView:
        return issuer


class KeySchema(Output):
    """A signing key, without its private part."""

    id = fields.String()
    state = Choice(get_args(State))
    published = fields.Boolean(metadata={"description": "The certificate is in the metadata now."})
    description = fields.String(metadata={"description": "Such as `RSA 2048, SHA-256`."})
    algorithm = fields.Url(metadata={"description": "URI of the signature algorithm."})
    certificate = fields.String(metadata={"description": "PEM."})
    certificate_sha256 = fields.String(
        attribute="sha256", metadata={"description": "Fingerprint, in hexadecimal with colons."}
    )
    certificate_expires_at = Timestamp(attribute="not_after")
    created_at = Timestamp()
    created_by = fields.String(metadata={"description": "Name of who created it, or empty."})
    activated_at = Timestamp(allow_none=True)
    retired_at = Timestamp(allow_none=True)
    published_until = Timestamp(
        allow_none=True,
        metadata={
            "description": "When the certificate of a retired key leaves the metadata. "
            "Null for other keys."
        },
    )
