"""What the hourly maintenance deletes."""

from ssoko.services import maintenance
from ssoko.services.activity import log
from ssoko.services.authentication.sign_in import sign_in
from ssoko.services.context import Scope, Services
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.activity import Event
from ssoko.store.models.sessions import Session


def test_old_events_are_deleted(services: Services, scope: Scope) -> None:
    old = Event.select().count()
    services.clock.advance(days=399)
    log.record(scope, "workspace.changed")
    maintenance.run(services)
    assert Event.select().count() == old + 1
    services.clock.advance(days=2)
    maintenance.run(services)
    assert [event.action for event in Event.select()] == ["workspace.changed"]


def test_old_sessions_are_deleted(
    services: Services, workspace: WorkspaceView, user: UserView
) -> None:
    sign_in(
        services,
        workspace.id,
        username="amina",
        password="weathered teapot 41",
        address="192.0.2.7",
        user_agent="",
    )
    services.clock.advance(days=40)
    maintenance.run(services)
    assert not Session.select().exists()
