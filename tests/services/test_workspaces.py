"""Workspaces: create, find and change them."""

import pytest
from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.workspaces import (
    WorkspaceView,
    create_workspace,
    get_workspace,
    list_workspaces,
    update_workspace,
)


def test_workspace_is_found_by_its_slug(services: Services, workspace: WorkspaceView) -> None:
    assert get_workspace("acme") == workspace
    assert (workspace.name, workspace.contact, workspace.time_zone) == (
        "Acme",
        "it@acme.test",
        "UTC",
    )
    assert list_workspaces() == (workspace,)
    (event,) = log.list_events(Scope(services, workspace.id, SYSTEM)).items
    assert (event.action, event.actor_name) == ("workspace.created", "Ssoko")


def test_slug_can_be_used_once(services: Services, workspace: WorkspaceView) -> None:
    with pytest.raises(Conflict) as refused:
        create_workspace(services, SYSTEM, slug="acme", name="Another")
    assert list(refused.value.errors) == ["slug"]
    assert len(list_workspaces()) == 1


@pytest.mark.parametrize(
    "slug", ["", "a", "A1", "a b", "-acme", "acme-", "x" * 41, "äcme", "a/b", "acme\n", None]
)
def test_all_invalid_fields_are_reported_at_once(services: Services, slug: str) -> None:
    with pytest.raises(InputError) as refused:
        create_workspace(services, SYSTEM, slug=slug, name="", contact="x" * 301)
    assert sorted(refused.value.errors) == ["contact", "name", "slug"]
    assert list_workspaces() == ()


@pytest.mark.parametrize("slug", ["other", "", "ACME", "a\x00", "é", "../acme"])
def test_unknown_workspace_is_not_found(workspace: WorkspaceView, slug: str) -> None:
    with pytest.raises(NotFound):
        get_workspace(slug)


def test_change_records_an_event(scope: Scope) -> None:
    changed = update_workspace(scope, name="Acme Group", time_zone="Africa/Nairobi")
    assert changed == get_workspace("acme")
    assert (changed.name, changed.contact) == ("Acme Group", "it@acme.test")
    event = log.list_events(scope).items[0]
    assert event.action == "workspace.changed"
    assert event.detail == {"changed": ["name", "time_zone"]}


def test_unchanged_values_record_no_event(scope: Scope) -> None:
    before = len(log.list_events(scope).items)
    update_workspace(scope, name="Acme")
    assert len(log.list_events(scope).items) == before


@pytest.mark.parametrize("zone", ["", "Nairobi", "../etc/passwd", "/etc/passwd", "a\x00", "Africa"])
def test_time_zone_must_be_valid(scope: Scope, workspace: WorkspaceView, zone: str) -> None:
    with pytest.raises(InputError) as refused:
        update_workspace(scope, time_zone=zone, name="")
    assert sorted(refused.value.errors) == ["name", "time_zone"]
    assert get_workspace("acme") == workspace
