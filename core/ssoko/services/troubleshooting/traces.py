"""Traces, as admins read them: what failed, how far it got, and what to do about it."""

from dataclasses import dataclass
from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.services.activity.references import read_reference
from ssoko.services.context import Services
from ssoko.services.sso.trace import KEPT, Step, sweep
from ssoko.services.troubleshooting.explanation import Mend, Place
from ssoko.services.troubleshooting.explanations import EXPLANATIONS, explanation_of
from ssoko.store.models.sso import Trace
from ssoko.store.models.table import database
from ssoko.store.paging import Page, check_limit, cut, decode_cursor
from ssoko.text.names import is_id

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """One exchange that failed. Names are those of that time.

    :param reference: what the person was shown, such as ``SK-7QF4-K2M9``.
    :param at: seconds since the epoch, UTC; it ends at ``until``.
    :param application_id: empty when it is not known whose request it was.
    :param sp_entity_id: who the request says it is from.
    :param started: ``sp`` or ``ssoko``; ``binding`` is ``redirect``, ``post`` or empty.
    :param request: the message, decoded and indented; ``undecoded`` is what could not be.
    :param findings: what one press could add: ``acs_url``, or ``certificate`` (PEM).
    :param repeats: how many more of this kind left no trace of their own.
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
    got: str
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
        title = explanation_of(self.code).title
        if self.user_name and title.startswith("Somebody"):
            title = self.user_name + title.removeprefix("Somebody")
        return title.format(app=self.application_name or "The service provider")

    @property
    def places(self) -> tuple[Place, ...]:
        """Where an admin can look or change something."""
        return explanation_of(self.code).places

    @property
    def mend(self) -> Mend:
        """What one press can do, if the rest fits."""
        return explanation_of(self.code).mend


def get_trace(services: Services, workspace_id: str, reference: str) -> TraceView:
    """Return the trace of a reference.

    :raises NotFound: when there is none in the workspace, or it has ended.
    """
    row = Trace.get_or_none(
        Trace.workspace == workspace_id,
        Trace.reference == read_reference(reference),
        Trace.at > services.clock() - KEPT,
    )
    if row is None:
        raise NotFound(
            f"There is no trace {reference[:40]}. Traces are kept for {KEPT // 86_400} days."
        )
    return _view(row)


def is_kept(services: Services, workspace_id: str, reference: str) -> bool:
    """Tell whether there is a trace of a reference."""
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
    """List traces, the newest first.

    :param code: of the refusal, such as ``acs-not-registered``.
    :raises InputError: at ``code``, ``limit`` or ``cursor``.
    """
    check_limit(limit)
    if code and code not in EXPLANATIONS:
        raise InputError.of("code", "Use a code of the list in docs/troubleshooting.md")
    after = decode_cursor(cursor, length=1)
    query: Any = Trace.select().where(
        Trace.workspace == workspace_id, Trace.at > services.clock() - KEPT
    )
    for column, value in ((Trace.application_id, application_id), (Trace.user_id, user_id)):
        if value:
            # No id holds a hyphen, so what is no id fits nothing.
            query = query.where(column == (value if is_id(value) else "-"))
    if code:
        query = query.where(Trace.code == code)
    if after is not None:
        query = query.where(Trace.id < after[0])
    rows = list(query.order_by(Trace.id.desc()).limit(limit + 1))
    return cut(rows, limit, key=lambda row: (row.id,), view=_view)


def purge(services: Services) -> int:
    """Delete all traces that have ended, and return how many; each batch is a transaction."""
    gone = 0
    while True:
        with database.atomic():
            swept = sweep(services.clock(), limit=_BATCH)
        gone += swept
        if swept < _BATCH:
            return gone


def _view(row: Any) -> TraceView:
    kept = {name: getattr(row, name) for name in _COLUMNS}
    steps = tuple(Step(key, state, detail) for key, state, detail in row.steps)
    return TraceView(**kept, steps=steps, until=row.at + KEPT)


_COLUMNS = tuple(name for name in TraceView.__slots__ if name not in {"steps", "until"})
