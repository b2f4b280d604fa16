"""What was seen of an installation: the one source of the ticks of its guide.

Everything is looked up when somebody asks, in a handful of statements; nobody ticks anything. What
no longer holds is not ticked any more: a file counts while the key in it is the one that signs, an
answer while it is what this application would send, a role while somebody has it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from peewee import JOIN

from ssoko.plugin.steps import rule_of
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import Scope, Services
from ssoko.services.issuers.metadata_fetches import FetchView, list_fetches
from ssoko.services.sso.evidence import Sent, active_key, sent_lately
from ssoko.services.troubleshooting.check import Report, check
from ssoko.services.troubleshooting.preview import default_user
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.guides import GuideEvidence
from ssoko.store.models.people import Group, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Whether one thing was seen, when and by what.

    :param label: what it is about, for a list.
    :param at: seconds since the epoch, UTC; None as long as it was not seen.
    :param by: a person, a program or a service provider.
    :param said: what was seen, in words that the time comes after; ``tail`` comes after the time.
    """

    kind: str
    label: str
    done: bool = False
    at: int | None = None
    by: str = ""
    said: str = ""
    tail: str = ""

    @property
    def sentence(self) -> str:
        """What was seen, without the time."""
        return " ".join(part for part in (self.said, self.tail) if part)


_LABELS = {
    "installed": "Installed",
    "metadata": "Our metadata handed over",
    "certificate": "Our certificate handed over",
    "role": "The role given",
    "request": "First request arrived",
    "sign-in": "An answer sent",
    "accepted": "An answer accepted",
}


def gather(
    scope: Scope,
    application: ApplicationView,
    kinds: Iterable[str],
    *,
    report: Report | None = None,
) -> dict[str, Evidence]:
    """Look for evidence of these kinds; those that do not exist are never found.

    :param report: how the answer of somebody was judged, when that is known already. Only that of
        a person who gets in counts for ``check:<rule id>``.
    """
    wanted = tuple(dict.fromkeys(kinds))
    if report is None and any(rule_of(kind) for kind in wanted):
        report = _report(scope, application)
    seen = _Seen(scope.services, application, report)
    return {kind: seen.evidence(kind) for kind in wanted}


def _report(scope: Scope, application: ApplicationView) -> Report | None:
    if application.plugin != "loaded":
        return None
    user = default_user(scope, application.id, preferred="")
    if user is None:
        return None
    return check(scope, application.id, user_id=user.id)


class _Seen:
    """The tables that evidence is read from, each read once and only when it is asked for."""

    def __init__(
        self, services: Services, application: ApplicationView, report: Report | None
    ) -> None:
        self._services = services
        self._app = application
        self._report = report
        self._read: dict[str, Any] = {}

    def evidence(self, kind: str) -> Evidence:
        """Return the evidence of one kind."""
        if rule := rule_of(kind):
            return self._rule(kind, rule)
        finders: dict[str, Callable[[], list[Evidence]]] = {
            "installed": self._installed,
            "metadata": self._metadata,
            "certificate": self._certificate,
            "role": self._role,
            "request": self._request,
            "sign-in": self._sent,
            "accepted": self._accepted,
        }
        found = finders[kind]() if kind in finders else []
        nothing = Evidence(kind=kind, label=_LABELS.get(kind, kind))
        if not found:
            return nothing
        first = min(found, key=lambda one: one.at or 0)
        return replace(first, kind=kind, label=nothing.label, done=True)

    def _once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in self._read:
            self._read[name] = read()
        return self._read[name]

    @property
    def _key(self) -> Any:
        return self._once("key", lambda: active_key(self._app.issuer.id))

    @property
    def _lines(self) -> list[Any]:
        rows = GuideEvidence.select().where(GuideEvidence.application == self._app.id)
        found: list[Any] = self._once("lines", lambda: list(rows))
        return found

    @property
    def _lately(self) -> tuple[Sent, ...]:
        found: tuple[Sent, ...] = self._once("sent", lambda: sent_lately(self._app.id))
        return found

    @property
    def _fetches(self) -> list[FetchView]:
        """Who fetched metadata with the key that signs; ids of keys are in order of time."""
        if self._app.issuer.shared:
            # They may be another application's.
            return []
        found: tuple[FetchView, ...] = self._once(
            "fetches", lambda: list_fetches(self._app.issuer.id)
        )
        return [one for one in found if one.newest_key_id >= self._key.id]

    def _installed(self) -> list[Evidence]:
        by = self._app.created_by
        return [_found(self._app.created_at, by, f"Installed by {by}" if by else "Installed")]

    def _metadata(self) -> list[Evidence]:
        used = [
            replace(one, said=f"Our Login Endpoint used by {one.by}") for one in self._request()
        ]
        return self._handed_over("Metadata file", "Metadata fetched") + used

    def _certificate(self) -> list[Evidence]:
        alone = [
            _found(row.at, row.by_name, f"Certificate downloaded by {row.by_name}")
            for row in self._lines
            if row.kind == "certificate" and row.key_id == self._key.id
        ]
        inside = "Certificate fetched with the metadata"
        return alone + self._handed_over("Metadata file with the certificate", inside)

    def _handed_over(self, file: str, fetched: str) -> list[Evidence]:
        taken = [
            _found(row.at, row.by_name, f"{file} downloaded by {row.by_name}")
            for row in self._lines
            if row.kind == "metadata" and row.key_id >= self._key.id
        ]
        programs = [
            (one.last_at, f"{one.user_agent or 'a program'} at {one.address or 'no address'}")
            for one in self._fetches
        ]
        return taken + [_found(at, by, f"{fetched} by {by}") for at, by in programs]

    def _role(self) -> list[Evidence]:
        row = _earliest_assignment(self._app.id, now=self._services.clock())
        if row is None:
            return []
        if row.group_id is not None:
            nobody = ", which nobody is in yet" if not self._app.people_count else ""
            to = f"the group {row.group.name}{nobody}"
        else:
            to = row.user.display_name
        by = f" by {row.created_by}" if row.created_by else ""
        return [_found(row.created_at, row.created_by, f"{row.role.name} given to {to}{by}")]

    def _request(self) -> list[Evidence]:
        entity_id = self._app.service_provider.entity_id
        return [
            replace(_found(one.at, entity_id, f"Request of {entity_id}"), tail=_for(one.person))
            for one in self._lately
            if one.started != "ssoko" and one.audience == entity_id
        ]

    def _sent(self) -> list[Evidence]:
        return [
            replace(
                _found(one.at, one.person, f"Assertion sent to {one.acs_url}"),
                tail=_for(one.person),
            )
            for one in self._lately
            if one.answered and one.at >= self._key.activated_at and self._is_ours(one)
        ]

    def _accepted(self) -> list[Evidence]:
        vendor = self._app.vendor or self._app.name
        return [
            replace(
                _found(row.at, vendor, f"{vendor} spoke of a session that it had accepted"),
                tail=_for(row.by_name),
            )
            for row in self._lines
            if row.kind == "accepted"
            and row.key_id == self._key.id
            and row.at >= self._key.activated_at
            and self._is_ours(row)
        ]

    def _is_ours(self, sent: Any) -> bool:
        """Tell whether an answer went where this application's answers go now."""
        sp = self._app.service_provider
        return sent.acs_url in sp.acs_urls and sent.audience == sp.entity_id

    def _rule(self, kind: str, rule: str) -> Evidence:
        report = self._report
        found = next((one for one in report.vendor if one.id == rule), None) if report else None
        if report is None or found is None:
            return Evidence(kind=kind, label=rule)
        nothing = Evidence(kind=kind, label=found.sentence)
        if found.state != "pass" or not report.preview.decision.allowed:
            return nothing
        person, now = report.preview.user.display_name, self._services.clock()
        return replace(
            nothing, done=True, at=now, by=person, said=f"{found.sentence}, looked at for {person}"
        )


def _earliest_assignment(application_id: str, *, now: int) -> Any:
    """Return the first assignment that counts now, to somebody active or to a group."""
    return (
        Assignment.select(Assignment, Role, User, Group)
        .join(Role)
        .switch(Assignment)
        .join(User, JOIN.LEFT_OUTER)
        .switch(Assignment)
        .join(Group, JOIN.LEFT_OUTER)
        .where(
            Role.application == application_id,
            Role.removed_at.is_null(),
            Assignment.expires_at.is_null() | (Assignment.expires_at > now),
            Assignment.group.is_null(False) | User.active,
        )
        .order_by(Assignment.created_at, Assignment.id)
        .first()
    )


def _found(at: int, by: str, said: str) -> Evidence:
    return Evidence(kind="", label="", at=at, by=by, said=said)


def _for(person: str) -> str:
    return f"for {person}" if person else ""
