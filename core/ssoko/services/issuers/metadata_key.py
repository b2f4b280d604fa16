"""The key that signs metadata: one for each workspace, created when it is first needed.

It is not the key that signs responses. Metadata is public, and whatever a signing key has signed
can be used to forge an assertion at a service provider that checks signatures carelessly.
"""

from ssoko.errors import NotFound
from ssoko.saml.signing import SigningKey
from ssoko.services.context import Services
from ssoko.services.issuers import keys
from ssoko.store.models.issuers import Issuer, MetadataKey
from ssoko.store.models.table import database


def metadata_key(services: Services, issuer_id: str) -> SigningKey:
    """Return the key that signs the metadata of an issuer.

    :raises NotFound: when there is no such issuer.
    """
    row = _row(services, issuer_id)
    return services.keys.load(row.workspace_id, bytes(row.private_key), row.certificate)


def metadata_certificate(services: Services, issuer_id: str) -> str:
    """Return the certificate of that key, as PEM.

    :raises NotFound: when there is no such issuer.
    """
    return str(_row(services, issuer_id).certificate)


def _row(services: Services, issuer_id: str) -> MetadataKey:
    issuer = Issuer.get_or_none(Issuer.id == issuer_id)
    if issuer is None:
        raise NotFound("There is no such issuer.")
    workspace_id = issuer.workspace_id
    row = MetadataKey.get_or_none(MetadataKey.workspace == workspace_id)
    if row is None:
        now = services.clock()
        key = keys.generate(common_name="Metadata", now=now)
        with database.atomic():
            # The first insert wins.
            MetadataKey.insert(
                workspace=workspace_id,
                certificate=key.certificate,
                private_key=services.keys.encrypt(key.private_pem, row_id=workspace_id),
                created_at=now,
            ).on_conflict_ignore().execute()
            row = MetadataKey.get(MetadataKey.workspace == workspace_id)
    return row
