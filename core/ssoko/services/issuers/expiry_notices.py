"""Warn before certificates expire: the signing certificates, and those of service providers.

Pages show the notices that are due now. :func:`write_due` records one event for each threshold and
certificate. Several processes can run it at the same time: a unique row ensures that each event is
written once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ssoko.services.activity.log import Target, record
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.issuers import keys
from ssoko.store.ids import new_id
from ssoko.store.models.applications import Application, installed_applications
from ssoko.store.models.issuers import CertificateNotice, Issuer, SigningKey
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.store.sql import execute

DAY = 86_400

#: Days before expiry at which Ssoko warns; 0 is the expiry itself.
THRESHOLDS = (90, 60, 30, 14, 7, 1)

_TOLD = """
INSERT INTO certificate_notice (id, workspace_id, owner_id, fingerprint, days, created_at)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (owner_id, fingerprint, days) DO NOTHING
"""

Use = Literal["ours", "signing", "encryption"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A certificate that expires within 90 days, or has expired.

    :param use: ``ours`` for a signing certificate, or the use of the service provider's
        certificate.
    :param issuer_id: the issuer of the key; empty for certificates of service providers.
    :param application_id: the application concerned; empty for a shared issuer.
    :param name: name of the application or of the shared issuer.
    :param days_left: whole days; negative after the expiry.
    :param threshold: the threshold that was passed last; 0 after the expiry.
    """

    workspace_id: str
    use: Use
    issuer_id: str
    application_id: str
    slug: str
    name: str
    vendor: str
    sha256: str
    not_after: int
    days_left: int
    threshold: int

    @property
    def ended(self) -> bool:
        return self.threshold == 0


def due(scope: Scope) -> tuple[Notice, ...]:
    """Return the notices of a workspace, in order of expiry."""
    now = scope.services.clock()
    return _sorted((*_ours(scope.workspace_id, now), *_theirs(scope.workspace_id, now)))


def due_for(scope: Scope, application_id: str) -> tuple[Notice, ...]:
    """Return the notices of one application: of its issuer and of its service provider."""
    now = scope.services.clock()
    row = installed_applications(scope.workspace_id).where(Application.id == application_id).first()
    if row is None:
        return ()
    key = SigningKey.get(SigningKey.issuer == row.issuer_id, SigningKey.state == "active")
    about = _about(scope.workspace_id, row)
    ours = _notice(key.certificate, now, use="ours", issuer_id=row.issuer_id, **about)
    return _sorted((*((ours,) if ours else ()), *_of_sp(row, now=now)))


def write_due(services: Services) -> int:
    """Write the due events of all workspaces, each once, and return how many were written.

    If several thresholds have passed since the last run, only the event of the last one is written.
    """
    written = 0
    for workspace in Workspace.select(Workspace.id):
        scope, noticed = Scope(services, workspace.id, SYSTEM), _noticed(workspace.id)
        for notice in due(scope):
            if (_owner(notice), notice.sha256, notice.threshold) not in noticed:
                written += _write(scope, notice)
    return written


def _write(scope: Scope, notice: Notice) -> int:
    now = scope.services.clock()
    key = (notice.workspace_id, _owner(notice), notice.sha256, notice.threshold, now)
    with database.atomic():
        if execute(_TOLD, (new_id(), *key)).rowcount != 1:
            return 0
        record(
            scope,
            "certificate.expired" if notice.ended else "certificate.expiring",
            target=Target("application", notice.application_id, notice.name)
            if notice.application_id
            else Target("issuer", notice.issuer_id, notice.name),
            detail={
                "certificate": "ours" if notice.use == "ours" else f"theirs, {notice.use}",
                "certificate_sha256": notice.sha256,
                "ends_at": notice.not_after,
                "days_left": max(notice.days_left, 0),
            },
        )
    return 1


def _noticed(workspace_id: str) -> set[tuple[str, str, int]]:
    rows: Any = (
        CertificateNotice.select(
            CertificateNotice.owner_id, CertificateNotice.fingerprint, CertificateNotice.days
        )
        .where(CertificateNotice.workspace == workspace_id)
        .tuples()
    )
    return set(rows)


def _owner(notice: Notice) -> str:
    return notice.issuer_id or notice.application_id


def _ours(workspace_id: str, now: int) -> Iterator[Notice]:
    """Find the active certificates that expire soon, without uninstalled applications."""
    rows: Any = (
        SigningKey.select(SigningKey.certificate, Issuer)
        .join(Issuer)
        .where(
            Issuer.workspace == workspace_id,
            SigningKey.state == "active",
            SigningKey.not_after <= now + THRESHOLDS[0] * DAY,
        )
    )
    issuers = {row.issuer.id: row.issuer for row in rows}
    own: dict[str, Application] = {
        row.issuer_id: row
        for row in installed_applications(workspace_id).where(Application.issuer.in_(list(issuers)))
    }
    for row in rows:
        issuer = row.issuer
        application = None if issuer.shared else own.get(issuer.id)
        about = _about(workspace_id, application)
        if issuer.shared:
            about |= {"name": issuer.name}
        elif application is None:
            continue
        found = _notice(row.certificate, now, use="ours", issuer_id=issuer.id, **about)
        if found:
            yield found


def _theirs(workspace_id: str, now: int) -> Iterator[Notice]:
    rows = installed_applications(workspace_id).select(
        Application.id,
        Application.workspace,
        Application.slug,
        Application.name,
        Application.vendor,
        Application.service_provider,
    )
    for row in rows:
        yield from _of_sp(row, now=now)


def _of_sp(application: Application, *, now: int) -> Iterator[Notice]:
    sp = application.service_provider
    # One certificate can be recorded for both uses; report it once.
    uses: dict[str, Use] = {pem: "encryption" for pem in sp.get("encryption_certificates", ())}
    uses |= {pem: "signing" for pem in sp.get("certificates", ())}
    about = _about(application.workspace_id, application)
    for pem, use in uses.items():
        notice = _notice(pem, now, use=use, issuer_id="", **about)
        if notice:
            yield notice


def _about(workspace_id: str, application: Application | None) -> dict[str, str]:
    names = ("id", "slug", "name", "vendor")
    found = {name: str(getattr(application, name)) if application else "" for name in names}
    return {"workspace_id": workspace_id, "application_id": found.pop("id"), **found}


def _notice(pem: str, now: int, **about: Any) -> Notice | None:
    sha256, not_after = _facts(pem)
    # The last day counts as a whole day.
    days_left = (not_after - now) // DAY
    if not_after <= now:
        threshold = 0
    else:
        passed = [days for days in THRESHOLDS if not_after - now <= days * DAY]
        if not passed:
            return None
        threshold = passed[-1]
    return Notice(
        sha256=sha256, not_after=not_after, days_left=days_left, threshold=threshold, **about
    )


@lru_cache(maxsize=4096)
def _facts(pem: str) -> tuple[str, int]:
    """Return fingerprint and expiry. A certificate that cannot be parsed gets no notice."""
    try:
        facts = keys.describe(pem)
    except ValueError:
        return "", 1 << 62
    return facts.sha256, facts.not_after


def _sorted(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple(sorted(notices, key=lambda one: (one.not_after, one.name, one.sha256)))
