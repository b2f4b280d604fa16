"""The activity log: record, search and count events."""

from datetime import UTC, datetime
from typing import Any

import pytest
from ssoko.errors import InputError, NotFound
from ssoko.services.activity import log as activity_log
from ssoko.services.activity.log import Target, counts_by_day, get_event, list_events, record
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.workspaces import WorkspaceView, create_workspace, update_workspace
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.table import database

NEEMA = Actor("user", "neema1", "Neema Kileo", "192.0.2.7")
LARS = Actor("user", "lars1", "Lars Holm", "192.0.2.8")


def note(
    services: Services, workspace: WorkspaceView, actor: Actor, action: str, **more: Any
) -> None:
    record(Scope(services, workspace.id, actor), action, **more)


@pytest.fixture
def aws(workspace: WorkspaceView) -> Application:
    issuer = Issuer.create(workspace=workspace.id, name="AWS", created_at=1)
    made: Application = Application.create(
        workspace=workspace.id,
        issuer=issuer,
        slug="aws",
        name="AWS Identity",
        name_key="aws identity",
        integration="aws",
        settings={},
        sp_entity_id="x",
        service_provider={},
        mappers=[],
        metadata_fields=[],
        guide="",
        created_at=1,
        updated_at=1,
    )
    return made


@pytest.fixture
def log(services: Services, workspace: WorkspaceView, aws: Application) -> None:
    """Write a day's events, the oldest first, after the workspace's own."""
    role = Target("role", "role1", "sso-aws-role")
    note(services, workspace, NEEMA, "role.assigned", target=role)
    services.clock.advance(hours=8)
    note(services, workspace, NEEMA, "sign-in", target=aws)
    note(
        services,
        workspace,
        LARS,
        "sign-in",
        application_id=aws.id,
        outcome="refused",
        reference="SK-7QF4-K2M9",
        detail={"code": "no-role"},
    )


def found(services: Services, workspace: WorkspaceView, **filters: Any) -> list[tuple[str, str]]:
    page = list_events(Scope(services, workspace.id, SYSTEM), **filters)
    return [(event.actor_name, event.action) for event in page.items]


@pytest.mark.usefixtures("log")
def test_newest_event_is_first(services: Services, workspace: WorkspaceView) -> None:
    assert found(services, workspace) == [
        ("Lars Holm", "sign-in"),
        ("Neema Kileo", "sign-in"),
        ("Neema Kileo", "role.assigned"),
        ("Ssoko", "workspace.created"),
    ]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("q", "actors"),
    [
        ("neema", ["Neema Kileo", "Neema Kileo"]),
        ("SK-7QF4", ["Lars Holm"]),
        ("sso-aws-role", ["Neema Kileo"]),
        ("actor:holm", ["Lars Holm"]),
        ('actor:"Lars Holm"', ["Lars Holm"]),
        ("action:sign-in", ["Lars Holm", "Neema Kileo"]),
        ("action:role", ["Neema Kileo"]),
        ("app:aws", ["Lars Holm", "Neema Kileo"]),
        ('app:"aws identity" outcome:done', ["Neema Kileo"]),
        ("app:zoom", []),
        ("OUTCOME:Refused", ["Lars Holm"]),
        ("since:1h", ["Lars Holm", "Neema Kileo"]),
        ("since:9h action:role.assigned", ["Neema Kileo"]),
        ("since:2026-11-25", []),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("'; DROP TABLE event; --", []),
        ("https://example.test", []),
        ("since:1h since:9h", ["Lars Holm", "Neema Kileo"]),
    ],
)
def test_query_filters_the_log(
    services: Services, workspace: WorkspaceView, q: str, actors: list[str]
) -> None:
    assert [name for name, _ in found(services, workspace, q=q)] == actors


@pytest.mark.parametrize(
    ("q", "advice"),
    [
        ("outcome:maybe", "done or refused"),
        ("since:yesterday", "24h or 7d"),
        ("since:2026-13-01", "24h or 7d"),
        ("action:nonsense", "sign-in or role.assigned"),
        ("actor:", "a value after actor:"),
        ('app:""', "a value after app:"),
        ("a b c d e f g h i", "at most 8"),
        ("x" * 301, "300"),
        ("\x00", "plain text"),
        ("\ud800", "plain text"),
    ],
)
def test_invalid_query_says_what_to_enter(
    services: Services, workspace: WorkspaceView, q: str, advice: str
) -> None:
    with pytest.raises(InputError, match=advice) as refused:
        list_events(Scope(services, workspace.id, SYSTEM), q=q)
    assert list(refused.value.errors) == ["q"]


@pytest.mark.usefixtures("log")
def test_filters_can_be_combined(
    services: Services, workspace: WorkspaceView, aws: Application
) -> None:
    now = services.clock()
    assert len(found(services, workspace, application_id=aws.id)) == 2
    assert found(services, workspace, actor_id="neema1", action="sign-in") == [
        ("Neema Kileo", "sign-in")
    ]
    assert found(services, workspace, target_id="role1") == [("Neema Kileo", "role.assigned")]
    assert found(services, workspace, outcome="refused") == [("Lars Holm", "sign-in")]
    assert len(found(services, workspace, since=now)) == 2
    assert len(found(services, workspace, until=now)) == 2
    assert found(services, workspace, since=now + 1) == []
    for nothing in ({"actor_id": "\x00"}, {"action": "\x00"}, {"target_id": "unknown"}):
        assert found(services, workspace, **nothing) == []
    with pytest.raises(InputError):
        list_events(Scope(services, workspace.id, SYSTEM), outcome="perhaps")


def test_pages_hold_every_event_once(services: Services, workspace: WorkspaceView) -> None:
    for number in range(20):
        note(
            services,
            workspace,
            NEEMA,
            "sign-in",
            target=Target("application", "", f"number {number}"),
        )
    for limit in (1, 7, 20, 21, 50):
        names: list[str] = []
        cursor = None
        while True:
            page = list_events(
                Scope(services, workspace.id, SYSTEM), limit=limit, cursor=cursor, q="number"
            )
            names += [event.target_name for event in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert sorted(names) == sorted({f"number {n}" for n in range(20)}), limit


def test_search_continues_on_the_next_page(
    services: Services, workspace: WorkspaceView, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(services, workspace, LARS, "sign-in", target=Target("application", "", "needle"))
    for _ in range(30):
        note(services, workspace, NEEMA, "sign-in", target=Target("application", "", "hay"))
    monkeypatch.setattr(activity_log, "SCAN", 10)
    pages = 0
    names: list[str] = []
    cursor = None
    while True:
        page = list_events(Scope(services, workspace.id, SYSTEM), q="needle", cursor=cursor)
        names += [event.target_name for event in page.items]
        cursor, pages = page.next, pages + 1
        if cursor is None:
            break
    assert names == ["needle"]
    assert 3 <= pages <= 5


def test_event_has_all_recorded_values(services: Services, workspace: WorkspaceView) -> None:
    detail = {"got": "<saml:Issuer>", "expected": ["a", "b"], "count": 3}
    note(
        services,
        workspace,
        NEEMA,
        "request.refused",
        target=Target("application", "app1", "App"),
        detail=detail,
        reference="SK-1",
    )
    (event, *_) = list_events(Scope(services, workspace.id, SYSTEM)).items
    assert get_event(workspace.id, event.id) == event
    assert (event.detail, event.address, event.reference) == (detail, "192.0.2.7", "SK-1")
    assert (event.at, event.label) == (services.clock(), "Request refused")
    for unknown in ("unknown", "", "\x00"):
        with pytest.raises(NotFound):
            get_event(workspace.id, unknown)


def test_event_is_rolled_back_with_its_change(
    services: Services, workspace: WorkspaceView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr(activity_log, "record", fail)
    with pytest.raises(RuntimeError):
        update_workspace(Scope(services, workspace.id, SYSTEM), name="Another")
    monkeypatch.undo()
    with pytest.raises(RuntimeError), database.atomic():
        update_workspace(Scope(services, workspace.id, SYSTEM), name="Another")
        raise RuntimeError("and what came after fails")
    assert Event.select().count() == 1
    assert create_workspace(services, SYSTEM, slug="two", name="Two").name == "Two"


@pytest.mark.usefixtures("log")
def test_days_are_counted_in_the_time_zone_of_the_workspace(
    services: Services, workspace: WorkspaceView
) -> None:
    days = counts_by_day(Scope(services, workspace.id, SYSTEM))
    assert [day.day for day in days[-2:]] == ["2026-11-23", "2026-11-24"]
    assert (days[-1].done, days[-1].refused, days[-1].sign_ins) == (3, 1, 1)
    assert days[-1].at == int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
    assert len(days) == 7
    # It is 17:14 in London, and the 25th in Auckland since eleven.
    update_workspace(Scope(services, workspace.id, SYSTEM), time_zone="Pacific/Auckland")
    days = counts_by_day(Scope(services, workspace.id, SYSTEM))
    assert [day.day for day in days[-2:]] == ["2026-11-24", "2026-11-25"]
    assert (days[-2].done, days[-1].done, days[-1].refused) == (2, 2, 1)


def test_days_of_23_and_25_hours_are_counted_once(
    services: Services, workspace: WorkspaceView
) -> None:
    update_workspace(Scope(services, workspace.id, SYSTEM), time_zone="Europe/Berlin")
    services.clock.now = int(datetime(2027, 3, 29, 10, tzinfo=UTC).timestamp())
    days = counts_by_day(Scope(services, workspace.id, SYSTEM), days=3)
    assert [later.at - day.at for day, later in zip(days, days[1:], strict=False)] == [
        24 * 3600,
        23 * 3600,
    ]


def test_another_workspace_has_other_events(services: Services, workspace: WorkspaceView) -> None:
    other = create_workspace(services, SYSTEM, slug="other", name="Other")
    (event,) = list_events(Scope(services, other.id, SYSTEM)).items
    with pytest.raises(NotFound):
        get_event(workspace.id, event.id)
    assert [e.target_name for e in list_events(Scope(services, workspace.id, SYSTEM)).items] == [
        "Acme"
    ]
