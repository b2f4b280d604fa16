"""The status of a key rotation, and what each service provider needs for it."""

from dataclasses import dataclass
from typing import Any, Literal

from ssoko.services.context import Scope, Services
from ssoko.services.issuers.metadata_fetches import FetchView, list_fetches
from ssoko.services.issuers.rotation import KeyView, find_issuer, list_keys
from ssoko.services.plugins.tiles import GENERIC
from ssoko.store.models.applications import Application, installed_applications

#: How vendors accept a new certificate, the most difficult first.
Accepted = Literal["one", "metadata", "many"]
_HARDEST: tuple[Accepted, ...] = ("one", "metadata", "many")

#: Fetches of metadata count as regular if the last one was within this many seconds.
LATELY = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """An application of the issuer, and how its vendor accepts certificates.

    :param vendor: the name of the vendor, to use in a sentence.
    :param accepted: ``one`` if the plugin is not loaded, since that plan works with every vendor.
    :param import_at: the menu path at the vendor, or empty if unknown.
    """

    application_id: str
    slug: str
    name: str
    vendor: str
    accepted: Accepted
    import_at: str
    remove_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The keys of an issuer by state, and the applications and programs that use them.

    :param kept: retired keys that are still in the metadata, the latest first.
    :param fetches: who fetched the metadata since the newest certificate was added, or in the 30
        days before, the latest first.
    """

    issuer_id: str
    issuer_name: str
    shared: bool
    active: KeyView
    next: KeyView | None
    kept: tuple[KeyView, ...]
    sides: tuple[Side, ...]
    fetches: tuple[FetchView, ...]

    @property
    def newest(self) -> KeyView:
        """The key that was added to the metadata last."""
        return self.next or self.active

    @property
    def accepted(self) -> Accepted:
        """How the service provider with the most difficult rotation accepts certificates."""
        found = {side.accepted for side in self.sides}
        return next((one for one in _HARDEST if one in found), "metadata")

    @property
    def other_side(self) -> str:
        """The name of the service provider or providers, to use in a sentence."""
        return self.sides[0].vendor if len(self.sides) == 1 else "the service providers"

    @property
    def fetched(self) -> tuple[FetchView, ...]:
        """Who has fetched the newest certificate."""
        return tuple(one for one in self.fetches if one.newest_key_id >= self.newest.id)

    @property
    def missing(self) -> tuple[FetchView, ...]:
        """Who fetched the metadata before, but not the newest certificate."""
        return tuple(one for one in self.fetches if one.newest_key_id < self.newest.id)

    @property
    def all_fetched(self) -> bool:
        return bool(self.fetched) and not self.missing


def rotation(scope: Scope, issuer_id: str) -> Rotation:
    """Return the status of the rotation of an issuer's key; raises NotFound."""
    issuer = find_issuer(scope.workspace_id, issuer_id)
    listed = list_keys(scope, issuer_id)
    following = next((key for key in listed if key.state == "next"), None)
    earliest = (following or listed[0]).created_at - LATELY
    rows: Any = installed_applications(scope.workspace_id).where(Application.issuer == issuer_id)
    return Rotation(
        issuer_id=issuer.id,
        issuer_name=issuer.name,
        shared=issuer.shared,
        active=listed[0],
        next=following,
        kept=tuple(key for key in listed if key.kept),
        sides=tuple(_side(scope.services, row) for row in rows.order_by(Application.name_key)),
        fetches=tuple(one for one in list_fetches(issuer_id) if one.last_at >= earliest),
    )


def _side(services: Services, row: Application) -> Side:
    loaded = services.registry.get(row.integration)
    about = loaded.integration if loaded else None
    vendor = row.vendor or row.integration
    if about and about.category == GENERIC:
        vendor = row.name
    return Side(
        application_id=row.id,
        slug=row.slug,
        name=row.name,
        vendor=vendor,
        accepted=about.certificates_accepted if about else "one",
        import_at=about.certificate_import if about else "",
        remove_at=about.certificate_removal if about else "",
    )
