"""Issuers: the entity ID, endpoints and keys that Ssoko presents to service providers."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from marshmallow import ValidationError
from peewee import fn

from ssoko.errors import InputError, NotFound
from ssoko.plugin import NameIdFormat, ServiceProvider, checks
from ssoko.plugin.host.record import service_provider_from_json
from ssoko.saml.idp_metadata import build_idp_metadata
from ssoko.services.activity import log
from ssoko.services.context import Scope, Services
from ssoko.services.issuers import keys
from ssoko.services.issuers.metadata_key import metadata_key
from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer, SigningKey
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.store.paging import Page, check_limit, cut, decode_cursor
from ssoko.text.names import check_name, slugify

#: Seconds for which service providers can cache the metadata.
METADATA_CACHE = 3600
#: Seconds until the ``validUntil`` of signed metadata; Shibboleth's example accepts 28 days.
SIGNED_METADATA_VALID = 14 * 86_400

#: Some service providers read only the first certificate, so the active one comes first.
_ORDER = ("active", "next", "retired")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerView:
    """An issuer, with the values that go into a vendor's console.

    :param certificate: PEM of the active key.
    :param certificates: PEM of all certificates in the metadata, the active one first.
    :param certificate_not_after: seconds since the epoch.
    :param certificate_sha256: fingerprint, in hexadecimal with colons.
    :param key_description: such as ``RSA 2048, SHA-256``.
    """

    id: str
    name: str
    shared: bool
    created_at: int
    entity_id: str
    login_endpoint: str
    logout_endpoint: str
    metadata_url: str
    certificate: str
    certificates: tuple[str, ...]
    certificate_not_after: int
    certificate_sha256: str
    key_description: str
    application_count: int

    @property
    def certificate_file_name(self) -> str:
        """File name for the download of the certificate."""
        return f"{slugify(self.name, fallback='ssoko')}-certificate.pem"


def entity_id(base_url: str, issuer_id: str, chosen: str) -> str:
    """Return the entity ID: the URL of the metadata, unless an admin chose another one.

    :param chosen: ``entity_id`` of the issuer's row, or empty.
    """
    return chosen or metadata_url(base_url, issuer_id)


def metadata_url(base_url: str, issuer_id: str) -> str:
    """Return the URL of the metadata."""
    return f"{base_url}/saml/{issuer_id}/metadata"


def signed_metadata_url(base_url: str, issuer_id: str) -> str:
    """Return the URL of the same metadata with a signature and ``validUntil``."""
    return f"{base_url}/saml/{issuer_id}/metadata/signed"


def login_endpoint(base_url: str, issuer_id: str) -> str:
    """Return the URL for AuthnRequests, with either binding."""
    return f"{base_url}/saml/{issuer_id}/login"


def logout_endpoint(base_url: str, issuer_id: str) -> str:
    """Return the URL for logout messages, with either binding."""
    return f"{base_url}/saml/{issuer_id}/logout"


def create_issuer(scope: Scope, *, name: str, entity_id: str = "") -> IssuerView:
    """Create a shared issuer with its first key.

    :param entity_id: of the identity provider that it replaces, so that service providers keep
        their settings; by default the URL of its metadata.
    :raises InputError: at ``name`` or ``entity_id``.
    """
    name = check_name(name)
    entity_id = _checked_entity_id(scope, entity_id.strip())
    organization = workspace_name(scope.workspace_id)
    now = scope.services.clock()
    key = keys.generate(common_name=name, organization=organization, now=now)
    with database.atomic():
        issuer = add_issuer(scope, name=name, shared=True, key=key, entity_id=entity_id)
        log.record(scope, "issuer.created", target=issuer)
    return issuer_views(scope.services, [issuer])[issuer.id]


def _checked_entity_id(scope: Scope, entity_id: str) -> str:
    if not entity_id:
        return ""
    try:
        checks.check_entity_id(entity_id)
    except ValidationError as error:
        raise InputError.of("entity_id", str(error.messages[0])) from None
    if entity_id.startswith(f"{scope.services.config.base_url}/saml/"):
        raise InputError.of(
            "entity_id", "This is a URL of Ssoko itself. Leave the field empty to use the usual one"
        )
    taken = Issuer.get_or_none(
        Issuer.workspace == scope.workspace_id, Issuer.entity_id == entity_id
    )
    if taken is not None:
        raise InputError.of(
            "entity_id", f"The issuer {taken.name} has this entity ID. Choose that issuer instead"
        )
    return entity_id


def add_issuer(
    scope: Scope, *, name: str, shared: bool, key: keys.NewKey, entity_id: str = ""
) -> Issuer:
    """Insert an issuer and its active key, inside the caller's transaction."""
    now = scope.services.clock()
    issuer = Issuer.create(
        workspace=scope.workspace_id,
        name=name,
        shared=shared,
        entity_id=entity_id,
        created_at=now,
    )
    row_id = new_id()
    SigningKey.create(
        id=row_id,
        issuer=issuer,
        state="active",
        algorithm=key.algorithm,
        certificate=key.certificate,
        private_key=scope.services.keys.encrypt(key.private_pem, row_id=row_id),
        not_before=key.not_before,
        not_after=key.not_after,
        created_at=now,
        activated_at=now,
    )
    return issuer


def workspace_name(workspace_id: str) -> str:
    """Return the name of a workspace; raises NotFound."""
    workspace = Workspace.get_or_none(Workspace.id == workspace_id)
    if workspace is None:
        raise NotFound("This workspace does not exist.")
    return str(workspace.name)


def get_issuer(scope: Scope, issuer_id: str) -> IssuerView:
    """Return one issuer; raises NotFound."""
    issuer = Issuer.get_or_none(Issuer.id == issuer_id, Issuer.workspace == scope.workspace_id)
    if issuer is None:
        raise NotFound("This issuer does not exist.")
    return issuer_views(scope.services, [issuer])[issuer.id]


def workspace_slug(issuer_id: str) -> str:
    """Return the slug of the workspace that an issuer belongs to, or an empty text."""
    slugs: Any = (
        Workspace.select(Workspace.slug)
        .join(Issuer, on=Issuer.workspace == Workspace.id)
        .where(Issuer.id == issuer_id)
        .tuples()
    )
    return next((slug for (slug,) in slugs), "")


def list_issuers(
    scope: Scope,
    *,
    shared: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[IssuerView]:
    """Return the issuers by name, including those of single applications.

    :param shared: true for only shared issuers, false for only the others.
    """
    query = Issuer.select().where(Issuer.workspace == scope.workspace_id)
    if shared is not None:
        query = query.where(Issuer.shared == shared)
    start = decode_cursor(cursor, length=2)
    if start is not None:
        same = (Issuer.name == start[0]) & (Issuer.id > start[1])
        query = query.where((Issuer.name > start[0]) | same)
    rows = list(query.order_by(Issuer.name, Issuer.id).limit(check_limit(limit) + 1))
    views = issuer_views(scope.services, rows)
    return cut(rows, limit, key=lambda row: (row.name, row.id), view=lambda row: views[row.id])


def issuer_views(services: Services, issuers: Sequence[Issuer]) -> dict[str, IssuerView]:
    """Return the views of these rows by ID, with two queries."""
    ids = [issuer.id for issuer in issuers]
    certificates = _published(ids, now=services.clock())
    counts: dict[str, int] = _pairs(
        Application.select(Application.issuer, fn.COUNT(Application.id))
        .where(Application.issuer.in_(ids), Application.uninstalled_at.is_null())
        .group_by(Application.issuer)
    )
    base_url = services.config.base_url
    return {
        issuer.id: _view(base_url, issuer, certificates[issuer.id], counts.get(issuer.id, 0))
        for issuer in issuers
    }


def _pairs(query: Any) -> dict[str, Any]:
    return dict(query.tuples())


def _published(issuer_ids: Sequence[str], *, now: int) -> dict[str, tuple[str, ...]]:
    """Return the certificates in the metadata of each issuer: active, next, then retired."""
    rows: Any = (
        SigningKey.select(SigningKey.issuer, SigningKey.state, SigningKey.certificate)
        .where(
            SigningKey.issuer.in_(issuer_ids),
            (SigningKey.state != "retired") | (SigningKey.published_until > now),
        )
        .order_by(SigningKey.created_at.desc(), SigningKey.id)
        .tuples()
    )
    found: dict[str, list[str]] = {}
    for issuer_id, _, certificate in sorted(rows, key=lambda row: _ORDER.index(row[1])):
        found.setdefault(issuer_id, []).append(certificate)
    return {issuer_id: tuple(certificates) for issuer_id, certificates in found.items()}


def _view(
    base_url: str, issuer: Issuer, certificates: tuple[str, ...], application_count: int
) -> IssuerView:
    facts = keys.describe(certificates[0])
    return IssuerView(
        id=issuer.id,
        name=issuer.name,
        shared=issuer.shared,
        created_at=issuer.created_at,
        entity_id=entity_id(base_url, issuer.id, issuer.entity_id),
        login_endpoint=login_endpoint(base_url, issuer.id),
        logout_endpoint=logout_endpoint(base_url, issuer.id),
        metadata_url=metadata_url(base_url, issuer.id),
        certificate=certificates[0],
        certificates=certificates,
        certificate_not_after=facts.not_after,
        certificate_sha256=facts.sha256,
        key_description=facts.key,
        application_count=application_count,
    )


def issuer_metadata(
    services: Services, issuer_id: str, *, signed: bool = False
) -> tuple[bytes, str]:
    """Return the metadata of an issuer and its ETag, without quotes.

    The metadata contains no user data. It is public even if the application is disabled, since the
    service provider is set up with it before the first sign-in.

    :param signed: with a signature of the workspace's metadata key and ``validUntil``, which the
        filters of Shibboleth require.
    :raises NotFound: when there is no such issuer.
    """
    certificates = _published([issuer_id], now=services.clock()).get(issuer_id)
    if not certificates:
        raise NotFound("There is no such issuer.")
    chosen = Issuer.get_by_id(issuer_id).entity_id
    sps = _service_providers(issuer_id)
    base_url = services.config.base_url
    xml = build_idp_metadata(
        entity_id=entity_id(base_url, issuer_id, chosen),
        sso_url=login_endpoint(base_url, issuer_id),
        slo_url=logout_endpoint(base_url, issuer_id),
        certificates=certificates,
        name_id_formats=_name_id_formats(sps),
        want_authn_requests_signed=bool(sps) and all(sp.require_signed_requests for sp in sps),
        cache_seconds=METADATA_CACHE,
        valid_until=_valid_until(services.clock()) if signed else None,
        key=metadata_key(services, issuer_id) if signed else None,
    )
    return xml, sha256(xml).hexdigest()[:32]


def _valid_until(now: int) -> int:
    # Of the hour, so that the document and its ETag stay the same for a while.
    return now - now % METADATA_CACHE + SIGNED_METADATA_VALID


def _service_providers(issuer_id: str) -> list[ServiceProvider]:
    rows: Any = (
        Application.select(Application.service_provider)
        .where(Application.issuer == issuer_id, Application.uninstalled_at.is_null())
        .order_by(Application.created_at, Application.id)
    )
    return [service_provider_from_json(row.service_provider) for row in rows]


def _name_id_formats(sps: Sequence[ServiceProvider]) -> list[str]:
    """Return the formats for the metadata; some SPs always ask for the first one.

    When the applications of a shared issuer have several formats, the first is ``unspecified``:
    a request for it gets the format that its application has on record.
    """
    formats = list(dict.fromkeys(str(sp.name_id_format) for sp in sps))
    if len(formats) == 1:
        return formats
    return list(dict.fromkeys((str(NameIdFormat.UNSPECIFIED), *formats)))
