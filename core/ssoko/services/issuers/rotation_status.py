"""Where the rotation of an issuer's key stands, and how each service provider takes part in it."""

from dataclasses import dataclass
from typing import Any, Literal

from ssoko.services.context import Scope, Services
from ssoko.services.issuers.metadata_fetches import FetchView, list_fetches
from ssoko.services.issuers.rotation import KeyView, find_issuer, list_keys
from ssoko.store.models.applications import Application, installed_applications

#: How a vendor accepts a new certificate; the first is the hardest to rotate.
Accepted = Literal["one", "metadata", "many"]
_HARDEST: tuple[Accepted, ...] = ("one", "metadata", "many")

#: Seconds without a fetch of the metadata after which fetches are not regular.
LATELY = 30 * 86_400

#: Category of the integrations that stand for no vendor.
_GENERIC = "Generic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One application of the issuer, and what its plugin says of certificates.

    :param vendor: the name of the vendor in a sentence.
    :param accepted: ``one`` while the plugin is missing: that plan works everywhere.
    :param import_at: the vendor's menus, or empty when the plugin does not know.
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
    """The keys of an issuer by what they are for, and who is concerned.

    :param kept: retired keys that are still in the metadata, the last one first.
    :param fetches: who fetched the metadata since the newest certificate is there, or in the 30
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
        """The key that came into the metadata last."""
        return self.next or self.active

    @property
    def accepted(self) -> Accepted:
        """How the hardest of the service providers takes a new certificate."""
        found = {side.accepted for side in self.sides}
        return next((one for one in _HARDEST if one in found), "metadata")

    @property
    def other_side(self) -> str:
        """How to call the service providers in a sentence."""
        return self.sides[0].vendor if len(self.sides) == 1 else "the service providers"

    @property
    def fetched(self) -> tuple[FetchView, ...]:
        """Who has fetched the newest certificate."""
        return tuple(one for one in self.fetches if one.newest_key_id >= self.newest.id)

    @property
    def missing(self) -> tuple[FetchView, ...]:
        """Who fetched the metadata before, and not since."""
        return tuple(one for one in self.fetches if one.newest_key_id < self.newest.id)

    @property
    def all_fetched(self) -> bool:
        return bool(self.fetched) and not self.missing


def rotation(scope: Scope, issuer_id: str) -> Rotation:
    """Return where the rotation of an issuer's key stands; raises NotFound."""
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
    if about and about.category == _GENERIC:
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
