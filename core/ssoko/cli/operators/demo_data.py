"""A workspace to look around in: people, groups, one application, two weeks of events.

Everything is made by the services that real sites use, with the clock set back, so that the
activity log reads as if the workspace had been there all along.
"""

import random
import time
from dataclasses import dataclass, replace
from typing import Any

from ssoko.services import workspaces
from ssoko.services.access import assignments
from ssoko.services.activity import log
from ssoko.services.applications import change, install, views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.table import database

SLUG = "demo"
SANDBOX = "sandbox"

_DAY = 86_400
_DAYS = 14

#: Username, first name, last name, groups.
_PEOPLE = (
    ("amina", "Amina", "Odhiambo", ("Everyone", "Engineering")),
    ("bram", "Bram", "de Vries", ("Everyone", "Engineering")),
    ("chidi", "Chidi", "Okafor", ("Everyone", "Finance")),
    ("dalia", "Dalia", "Haddad", ("Everyone", "Engineering")),
    ("emeka", "Emeka", "Nwosu", ("Everyone", "Finance")),
    ("frida", "Frida", "Lindqvist", ()),
)
_ADMIN = "amina"
_PERSON = "bram"
_LEFT = "dalia"
_VISITING = "frida"

_GROUPS = (
    ("Everyone", "All who work here"),
    ("Engineering", "Builds and runs things"),
    ("Finance", "Pays for them"),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo offers to start with.

    :param admin: runs the workspace; ``person`` only uses it.
    :param application: the sandbox, or None when its plugin is not there.
    """

    workspace: WorkspaceView
    admin: UserView
    person: UserView
    application: ApplicationView | None


def seed(services: Services) -> Demo:
    """Return the demo workspace, filled when it is not there yet."""
    if SLUG not in {one.slug for one in workspaces.list_workspaces()}:
        _fill(services)
    workspace = workspaces.get_workspace(SLUG)
    found = views.list_applications(Scope(services, workspace.id, SYSTEM), integration=SANDBOX)
    return Demo(
        workspace,
        users.find_user(workspace.id, _ADMIN),
        users.find_user(workspace.id, _PERSON),
        found.items[0] if found.items else None,
    )


def move(services: Services, demo: Demo) -> None:
    """Propose the sandbox again, after the demo has moved to another URL."""
    application = demo.application
    if application is not None and SANDBOX in services.registry.integrations:
        change.update_application(
            Scope(services, demo.workspace.id, SYSTEM),
            application.id,
            settings=application.settings,
        )


def _fill(services: Services) -> None:
    start = services.clock() - _DAYS * _DAY
    workspace = workspaces.create_workspace(
        _at(services, start), SYSTEM, slug=SLUG, name="Demo company", contact="Amina in Engineering"
    )
    people = _people(Scope(_at(services, start + 60), workspace.id, SYSTEM))
    admin = people[_ADMIN]
    scope = Scope(services, workspace.id, Actor("user", admin.id, admin.display_name, "192.0.2.10"))
    circles = _circles(replace(scope, services=_at(services, start + 300)), people)
    application = _sandbox(replace(scope, services=_at(services, start + 900)), circles)
    for moment, person, refused in _visits(start):
        if person == _LEFT and people[_LEFT].active and moment > start + 9 * _DAY:
            then = replace(scope, services=_at(services, start + 9 * _DAY))
            people[_LEFT] = users.update_user(then, people[_LEFT].id, active=False)
        visit = replace(scope, services=_at(services, moment))
        _visit(visit, people[person], application, refused=refused)
    if application is not None and application.default_role is not None:
        assignments.assign_roles(
            scope,
            role_ids=[application.default_role.id],
            user_id=people[_VISITING].id,
            expires_at=services.clock() + 3 * _DAY,
        )


def _at(services: Services, moment: int) -> Services:
    return replace(services, clock=lambda: moment)


def _people(scope: Scope) -> dict[str, UserView]:
    return {
        username: users.create_user(
            scope,
            username=username,
            email=f"{username}@demo.example",
            first_name=first,
            last_name=last,
            admin=username == _ADMIN,
        )
        for username, first, last, _ in _PEOPLE
    }


def _circles(scope: Scope, people: dict[str, UserView]) -> dict[str, str]:
    """Make the groups and return their ids by name."""
    made = {
        name: groups.create_group(scope, name=name, description=description).id
        for name, description in _GROUPS
    }
    for username, _, _, names in _PEOPLE:
        for name in names:
            groups.add_member(scope, made[name], people[username].id)
    return made


def _sandbox(scope: Scope, circles: dict[str, str]) -> ApplicationView | None:
    if SANDBOX not in scope.services.registry.integrations:
        return None
    made = install.install(scope, integration=SANDBOX, name="Sandbox", settings={})
    if made.default_role is not None:
        assignments.assign_roles(
            scope, role_ids=[made.default_role.id], group_id=circles["Everyone"]
        )
    return made


def _visits(start: int) -> list[tuple[int, str, bool]]:
    """Return times, usernames and whether the sign-in failed, the same at every run."""
    chance = random.Random(14)  # noqa: S311 - sample data
    names = [username for username, *_ in _PEOPLE]
    found = []
    for day in range(1, _DAYS):
        for _ in range(chance.randint(3, 7)):
            moment = start + day * _DAY + chance.randint(-6, 6) * 1800 + chance.randint(0, 1799)
            found.append((moment, chance.choice(names), chance.random() < 0.1))
    return sorted(found)


def _visit(
    scope: Scope, person: UserView, application: ApplicationView | None, *, refused: bool
) -> None:
    """Write the events of one sign-in, and of the application opened after it."""
    address = f"192.0.2.{20 + len(person.username)}"
    if refused or not person.active:
        _write(
            replace(scope, actor=Actor("anonymous", "", "", address)),
            "sign-in",
            target=log.Target("user", person.id, person.display_name),
            outcome="refused",
            detail={"reason": "wrong-password" if person.active else "user-disabled"},
        )
        return
    scope = replace(scope, actor=Actor("user", person.id, person.display_name, address))
    session = log.Target("session", "", person.display_name)
    _write(scope, "session.started", target=session, detail={"method": "link"})
    if application is None:
        return
    outside = person.username == _VISITING
    _write(
        replace(scope, services=_at(scope.services, scope.services.clock() + 20)),
        "sign-in",
        target=log.Target("application", application.id, application.name),
        outcome="refused" if outside else "done",
        detail={"started": "ssoko", **({"code": "no-role"} if outside else {})},
    )


def _write(scope: Scope, action: str, **event: Any) -> None:
    with database.atomic():
        log.record(scope, action, **event)
    # Ids sort by the millisecond they were made in, and the log is read in their order.
    time.sleep(0.001)
