"""Traces as admins read them: what failed, where it stopped, and how to fix it."""

from dataclasses import dataclass
from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.saml.refusals import ASK_VENDOR
from ssoko.services.activity.references import read_reference
from ssoko.services.context import Services
from ssoko.services.sso.trace import KEPT, sweep
from ssoko.services.troubleshooting.explanations import (
    EXPLANATIONS,
    FixAction,
    Place,
    explanation_of,
)
from ssoko.services.troubleshooting.steps import Step, read_steps
from ssoko.store.models.sso import Trace
from ssoko.store.models.table import database
from ssoko.store.paging import Page, check_limit, cut, decode_cursor
from ssoko.text.names import is_id

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """One failed sign-in or sign-out, with the names at that time.

    :param reference: the reference that the user saw, such as ``SK-7QF4-K2M9``.
    :param at: epoch seconds; the trace is deleted at ``until``.
    :param application_id: empty when the request belongs to no application.
    :param sp_entity_id: the Issuer of the request.
    :param started: ``sp``, ``ssoko``, or ``logout`` for a message about signing out.
    :param binding: ``redirect``, ``post`` or empty.
    :param request: the message, decoded and indented; ``undecoded`` when decoding failed.
    :param findings: what a fix could add: ``acs_url``, or ``certificate`` (PEM).
    :param repeats: the number of later refusals of this kind without a trace of their own.
    """

    reference: str
    at: int
    until: int
    issuer_id: str
    application_id: str
    application_name: str
    sp_entity_id: str
    user_id: str
    user_name: str
    started: str
    binding: str
    relay_state: str
    code: str
    message: str
    received: str
    expected: str
    rule: str
    source: str
    fix: str
    request: str
    undecoded: str
    steps: tuple[Step, ...]
    findings: dict[str, str]
    repeats: int
    repeated_at: int | None

    @property
    def title(self) -> str:
        """What happened, in one line."""
        return explanation_of(self.code, logout=self.started == "logout").title_for(
            application=self.application_name, user=self.user_name
        )

    @property
    def places(self) -> tuple[Place, ...]:
        """The pages where the fix is done."""
        return explanation_of(self.code).places

    @property
    def fix_action(self) -> FixAction:
        """The fix that Ssoko can apply for this code."""
        return explanation_of(self.code).fix_action


def get_trace(services: Services, workspace_id: str, reference: str) -> TraceView:
    """Return the trace of a reference.

    :raises NotFound: when the workspace has no such trace, or it has expired.
    """
    row = Trace.get_or_none(
        Trace.workspace == workspace_id,
        Trace.reference == read_reference(reference),
        Trace.at > services.clock() - KEPT,
    )
    if row is None:
        raise NotFound(
            f"The trace {reference[:40]} does not exist. Traces are kept for {KEPT // 86_400} days."
        )
    return _view(row)


def is_kept(services: Services, workspace_id: str, reference: str) -> bool:
    """Tell whether a reference has a trace."""
    try:
        get_trace(services, workspace_id, reference)
    except NotFound:
        return False
    return True


def list_traces(
    services: Services,
    workspace_id: str,
    *,
    application_id: str = "",
    user_id: str = "",
    code: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[TraceView]:
    """List traces, newest first.

    :param code: error code of the refusal, such as ``acs-not-registered``.
    :raises InputError: at ``code``, ``limit`` or ``cursor``.
    """
    check_limit(limit)
    if code and code not in EXPLANATIONS:
        raise InputError.of("code", "Use one of the error codes in docs/troubleshooting.md")
    after = decode_cursor(cursor, length=1)
    query: Any = Trace.select().where(
        Trace.workspace == workspace_id, Trace.at > services.clock() - KEPT
    )
    for column, value in ((Trace.application_id, application_id), (Trace.user_id, user_id)):
        if value:
            # Ids contain no hyphen, so this matches nothing.
            query = query.where(column == (value if is_id(value) else "-"))
    if code:
        query = query.where(Trace.code == code)
    if after is not None:
        query = query.where(Trace.id < after[0])
    rows = list(query.order_by(Trace.id.desc()).limit(limit + 1))
    return cut(rows, limit, key=lambda row: (row.id,), view=_view)


def purge(services: Services) -> int:
    """Delete all expired traces in batches of one transaction each, and return how many."""
    total = 0
    while True:
        with database.atomic():
            deleted = sweep(services.clock(), limit=_BATCH)
        total += deleted
        if deleted < _BATCH:
            return total


def _view(row: Any) -> TraceView:
    values = {name: getattr(row, name) for name in _COLUMNS}
    words = explanation_of(row.code, logout=row.started == "logout")
    return TraceView(
        **values,
        rule=words.rule,
        fix=words.fix or row.fix or ASK_VENDOR,
        steps=read_steps(row.steps, message=row.message),
        until=row.at + KEPT,
    )


_COLUMNS = tuple(
    name for name in TraceView.__slots__ if name not in {"rule", "fix", "steps", "until"}
)
