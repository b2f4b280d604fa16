"""The evidence that a step of an installation guide is completed.

Evidence is looked up in a few queries when a page needs it, and users cannot set it. It no longer
counts when it no longer holds: a downloaded file counts while its key signs, a response while the
application would still send it to the same place, a role while it is assigned.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from peewee import JOIN

from ssoko.plugin.steps import rule_of
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import Scope, Services
from ssoko.services.guides import messages
from ssoko.services.issuers.metadata_fetches import FetchView, list_fetches
from ssoko.services.sso.evidence import SentResponse, active_key, recent_sign_ins
from ssoko.services.troubleshooting.check import Report, check
from ssoko.services.troubleshooting.preview import default_user
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.guides import GuideEvidence
from ssoko.store.models.people import Group, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence of one kind.

    :param label: for a list.
    :param done: whether there is any.
    :param at: seconds since the epoch, UTC; None without evidence.
    :param by: a user, a program or a service provider.
    :param summary: shown before the time; ``suffix`` is shown after it.
    """

    kind: str
    label: str
    done: bool = False
    at: int | None = None
    by: str = ""
    summary: str = ""
    suffix: str = ""

    @property
    def sentence(self) -> str:
        """Summary and suffix, without the time."""
        return " ".join(part for part in (self.summary, self.suffix) if part)


def find_evidence(
    scope: Scope,
    application: ApplicationView,
    kinds: Iterable[str],
    *,
    report: Report | None = None,
) -> dict[str, Evidence]:
    """Return the evidence of each of these kinds; unknown kinds have none.

    :param report: result of the check for a user, if the caller has it. It counts for
        ``check:<rule id>`` only if that user has access.
    """
    unique = tuple(dict.fromkeys(kinds))
    if report is None and any(rule_of(kind) for kind in unique):
        report = _check_user_with_access(scope, application)
    finder = _Finder(scope.services, application, report)
    return {kind: finder.find(kind) for kind in unique}


def _check_user_with_access(scope: Scope, application: ApplicationView) -> Report | None:
    if application.plugin != "loaded":
        return None
    user = default_user(scope, application.id, preferred="")
    if user is None:
        return None
    return check(scope, application.id, user_id=user.id)


class _Finder:
    """Finds the evidence of one application; reads each table once, when it is needed."""

    def __init__(
        self, services: Services, application: ApplicationView, report: Report | None
    ) -> None:
        self._services = services
        self._application = application
        self._report = report
        self._cache: dict[str, Any] = {}

    def find(self, kind: str) -> Evidence:
        """Return the earliest evidence of one kind, or one that is not ``done``."""
        if rule := rule_of(kind):
            return self._find_rule(kind, rule)
        finders: dict[str, Callable[[], list[Evidence]]] = {
            "installed": self._find_installation,
            "metadata": self._find_metadata,
            "certificate": self._find_certificate,
            "role": self._find_assignment,
            "request": self._find_requests,
            "sign-in": self._find_responses,
            "accepted": self._find_accepted,
        }
        label = messages.LABELS.get(kind, kind)
        candidates = finders[kind]() if kind in finders else []
        if not candidates:
            return Evidence(kind=kind, label=label)
        earliest = min(candidates, key=lambda evidence: evidence.at or 0)
        return replace(earliest, kind=kind, label=label, done=True)

    def _read_once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in self._cache:
            self._cache[name] = read()
        return self._cache[name]

    @property
    def _key(self) -> Any:
        return self._read_once("key", lambda: active_key(self._application.issuer.id))

    @property
    def _rows(self) -> list[Any]:
        query = GuideEvidence.select().where(GuideEvidence.application == self._application.id)
        rows: list[Any] = self._read_once("rows", lambda: list(query))
        return rows

    @property
    def _sign_ins(self) -> tuple[SentResponse, ...]:
        rows: tuple[SentResponse, ...] = self._read_once(
            "sign-ins", lambda: recent_sign_ins(self._application.id)
        )
        return rows

    @property
    def _fetches(self) -> list[FetchView]:
        """The fetches of metadata that contained the active key; key ids are ordered by time."""
        if self._application.issuer.shared:
            # Another application's service provider may have fetched it.
            return []
        fetches: tuple[FetchView, ...] = self._read_once(
            "fetches", lambda: list_fetches(self._application.issuer.id)
        )
        return [fetch for fetch in fetches if fetch.newest_key_id >= self._key.id]

    def _find_installation(self) -> list[Evidence]:
        name = self._application.created_by
        text = messages.INSTALLED_BY.format(name=name) if name else messages.INSTALLED
        return [_evidence(self._application.created_at, name, text)]

    def _find_metadata(self) -> list[Evidence]:
        requests = [
            replace(request, summary=messages.LOGIN_ENDPOINT_USED.format(entity_id=request.by))
            for request in self._find_requests()
        ]
        return self._find_handed_over(messages.METADATA_FILE, messages.METADATA_FETCHED) + requests

    def _find_certificate(self) -> list[Evidence]:
        downloads = [
            _evidence(row.at, row.by_name, messages.CERTIFICATE_FILE.format(name=row.by_name))
            for row in self._rows
            if row.kind == "certificate" and row.key_id == self._key.id
        ]
        return downloads + self._find_handed_over(
            messages.CERTIFICATE_IN_FILE, messages.CERTIFICATE_FETCHED
        )

    def _find_handed_over(self, downloaded: str, fetched: str) -> list[Evidence]:
        """Return the downloads and fetches of metadata with the active key, with these texts."""
        downloads = [
            _evidence(row.at, row.by_name, downloaded.format(name=row.by_name))
            for row in self._rows
            if row.kind == "metadata" and row.key_id >= self._key.id
        ]
        programs = [
            (
                fetch.last_at,
                messages.PROGRAM.format(
                    user_agent=fetch.user_agent or messages.NO_USER_AGENT,
                    address=fetch.address or messages.NO_ADDRESS,
                ),
            )
            for fetch in self._fetches
        ]
        return downloads + [
            _evidence(at, program, fetched.format(program=program)) for at, program in programs
        ]

    def _find_assignment(self) -> list[Evidence]:
        row = _earliest_assignment(self._application.id, now=self._services.clock())
        if row is None:
            return []
        if row.group_id is not None:
            text = messages.GROUP if self._application.people_count else messages.EMPTY_GROUP
            assignee = text.format(name=row.group.name)
        else:
            assignee = row.user.display_name
        text = messages.ROLE_ASSIGNED_BY if row.created_by else messages.ROLE_ASSIGNED
        summary = text.format(role=row.role.name, assignee=assignee, name=row.created_by)
        return [_evidence(row.created_at, row.created_by, summary)]

    def _find_requests(self) -> list[Evidence]:
        entity_id = self._application.service_provider.entity_id
        summary = messages.REQUEST.format(entity_id=entity_id)
        return [
            replace(_evidence(sign_in.at, entity_id, summary), suffix=_for_user(sign_in.user_name))
            for sign_in in self._sign_ins
            if sign_in.started != "ssoko" and sign_in.audience == entity_id
        ]

    def _find_responses(self) -> list[Evidence]:
        return [
            replace(
                _evidence(
                    sign_in.at,
                    sign_in.user_name,
                    messages.RESPONSE_SENT.format(acs_url=sign_in.acs_url),
                ),
                suffix=_for_user(sign_in.user_name),
            )
            for sign_in in self._sign_ins
            if sign_in.answered
            and sign_in.at >= self._key.activated_at
            and self._is_current(sign_in)
        ]

    def _find_accepted(self) -> list[Evidence]:
        vendor = self._application.vendor or self._application.name
        summary = messages.RESPONSE_ACCEPTED.format(vendor=vendor)
        return [
            replace(_evidence(row.at, vendor, summary), suffix=_for_user(row.by_name))
            for row in self._rows
            if row.kind == "accepted"
            and row.key_id == self._key.id
            and row.at >= self._key.activated_at
            and self._is_current(row)
        ]

    def _is_current(self, response: Any) -> bool:
        """Return whether the application still sends its responses to the same place."""
        sp = self._application.service_provider
        return response.acs_url in sp.acs_urls and response.audience == sp.entity_id

    def _find_rule(self, kind: str, rule: str) -> Evidence:
        report = self._report
        finding = next((f for f in report.vendor if f.id == rule), None) if report else None
        if report is None or finding is None:
            return Evidence(kind=kind, label=rule)
        if finding.state != "pass" or not report.preview.decision.allowed:
            return Evidence(kind=kind, label=finding.sentence)
        name = report.preview.user.display_name
        return Evidence(
            kind=kind,
            label=finding.sentence,
            done=True,
            at=self._services.clock(),
            by=name,
            summary=messages.RULE_PASSED.format(rule=finding.sentence, name=name),
        )


def _earliest_assignment(application_id: str, *, now: int) -> Any:
    """Return the earliest assignment that is active now, to an active user or to a group."""
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


def _evidence(at: int, by: str, summary: str) -> Evidence:
    return Evidence(kind="", label="", at=at, by=by, summary=summary)


def _for_user(name: str) -> str:
    return messages.FOR_USER.format(name=name) if name else ""
