"""The sample data of the demo: users, groups, one application and two weeks of events.

Everything is created through the services, with the clock set back, so that the activity log
looks like that of a workspace in use.
"""

import contextlib
import random
import time
from dataclasses import dataclass, replace
from typing import Any

from ssoko.errors import Refusal
from ssoko.services import workspaces
from ssoko.services.access import assignments
from ssoko.services.activity import log
from ssoko.services.applications import change, install, views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.authentication import sessions
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.services.sso.saml import sign_in
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.table import database

SLUG = "demo"
SANDBOX = "sandbox"

_DAY = 86_400
_DAYS = 14

#: Seconds after signing in until an application is opened.
_OPENED_AFTER = 20

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
_USER = "bram"
_DISABLED = "dalia"
_TEMPORARY = "frida"

_GROUPS = (
    ("Everyone", "All employees"),
    ("Engineering", "Software and infrastructure"),
    ("Finance", "Accounting and purchasing"),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """The rows of the demo that its commands refer to.

    :param admin: an admin of the workspace; ``user`` is not one.
    :param application: the sandbox, or None when its plugin is not installed.
    """

    workspace: WorkspaceView
    admin: UserView
    user: UserView
    application: ApplicationView | None


def seed(services: Services, *, password: str) -> Demo:
    """Return the demo workspace. Create it if it does not exist.

    :param password: of the admin and the user, to sign in again after signing out.
    """
    if SLUG not in {workspace.slug for workspace in workspaces.list_workspaces()}:
        _fill(services, password)
    workspace = workspaces.get_workspace(SLUG)
    page = views.list_applications(Scope(services, workspace.id, SYSTEM), integration=SANDBOX)
    return Demo(
        workspace,
        users.find_user(workspace.id, _ADMIN),
        users.find_user(workspace.id, _USER),
        page.items[0] if page.items else None,
    )


def move(services: Services, demo: Demo) -> None:
    """Update the sandbox after the base URL of the demo has changed."""
    application = demo.application
    if application is not None and SANDBOX in services.registry.integrations:
        change.update_application(
            Scope(services, demo.workspace.id, SYSTEM),
            application.id,
            settings=application.settings,
        )


def _fill(services: Services, password: str) -> None:
    start = services.clock() - _DAYS * _DAY
    workspace = workspaces.create_workspace(
        _at(services, start), SYSTEM, slug=SLUG, name="Demo company", contact="Amina in Engineering"
    )
    accounts = _create_users(Scope(_at(services, start + 60), workspace.id, SYSTEM), password)
    admin = accounts[_ADMIN]
    scope = Scope(services, workspace.id, Actor("user", admin.id, admin.display_name, "192.0.2.10"))
    group_ids = _create_groups(replace(scope, services=_at(services, start + 300)), accounts)
    application = _install_sandbox(replace(scope, services=_at(services, start + 900)), group_ids)
    for moment, username, refused in _sign_ins(start):
        if accounts[_DISABLED].active and moment > start + 9 * _DAY:
            then = replace(scope, services=_at(services, start + 9 * _DAY))
            accounts[_DISABLED] = users.update_user(then, accounts[_DISABLED].id, active=False)
        then = replace(scope, services=_at(services, moment))
        _record_sign_in(then, accounts[username], application, refused=refused)
    if application is not None and application.default_role is not None:
        assignments.assign_roles(
            scope,
            role_ids=[application.default_role.id],
            user_id=accounts[_TEMPORARY].id,
            expires_at=services.clock() + 3 * _DAY,
        )


def _at(services: Services, moment: int) -> Services:
    return replace(services, clock=lambda: moment)


def _create_users(scope: Scope, password: str) -> dict[str, UserView]:
    return {
        username: users.create_user(
            scope,
            username=username,
            email=f"{username}@demo.example",
            first_name=first,
            last_name=last,
            admin=username == _ADMIN,
            password=password if username in {_ADMIN, _USER} else None,
        )
        for username, first, last, _ in _PEOPLE
    }


def _create_groups(scope: Scope, accounts: dict[str, UserView]) -> dict[str, str]:
    """Create the groups and return their IDs by name."""
    group_ids = {
        name: groups.create_group(scope, name=name, description=description).id
        for name, description in _GROUPS
    }
    for username, _, _, names in _PEOPLE:
        for name in names:
            groups.add_member(scope, group_ids[name], accounts[username].id)
    return group_ids


def _install_sandbox(scope: Scope, group_ids: dict[str, str]) -> ApplicationView | None:
    if SANDBOX not in scope.services.registry.integrations:
        return None
    application = install.install(scope, integration=SANDBOX, name="Sandbox", settings={})
    if application.default_role is not None:
        assignments.assign_roles(
            scope, role_ids=[application.default_role.id], group_id=group_ids["Everyone"]
        )
    return application


def _sign_ins(start: int) -> list[tuple[int, str, bool]]:
    """Return times, usernames and whether the sign-in failed: the same on every run."""
    chance = random.Random(14)  # noqa: S311 - sample data
    names = [username for username, *_ in _PEOPLE]
    sign_ins = []
    for day in range(1, _DAYS):
        for _ in range(chance.randint(3, 7)):
            moment = start + day * _DAY + chance.randint(-6, 6) * 1800 + chance.randint(0, 1799)
            sign_ins.append((moment, chance.choice(names), chance.random() < 0.1))
    # The events of one sign-in are finished before the next one, so that they stay in order.
    apart: list[tuple[int, str, bool]] = []
    for moment, username, refused in sorted(sign_ins):
        earliest = apart[-1][0] + 2 * _OPENED_AFTER if apart else 0
        apart.append((max(moment, earliest), username, refused))
    return apart


def _record_sign_in(
    scope: Scope, user: UserView, application: ApplicationView | None, *, refused: bool
) -> None:
    """Record the events of one sign-in, and of the application that is opened after it."""
    address = f"192.0.2.{20 + len(user.username)}"
    if refused or not user.active:
        _write(
            replace(scope, actor=Actor("anonymous", "", "", address)),
            "sign-in",
            target=log.Target("user", user.id, user.display_name),
            outcome="refused",
            detail={"reason": "wrong-password" if user.active else "user-disabled"},
        )
        return
    scope = replace(scope, actor=Actor("user", user.id, user.display_name, address))
    session = log.Target("session", "", user.display_name)
    _write(scope, "session.started", target=session, detail={"method": "link"})
    if application is None:
        return
    later = _at(scope.services, scope.services.clock() + _OPENED_AFTER)
    if user.username == _TEMPORARY:
        _deny(later, user, application, address)
        return
    _write(
        replace(scope, services=later),
        "sign-in",
        target=log.Target("application", application.id, application.name),
        detail={"started": "ssoko"},
    )


def _deny(services: Services, user: UserView, application: ApplicationView, address: str) -> None:
    """Open an application without its role. The sign-in is real, so that it has a trace."""
    with database.atomic():
        row = users.row_of(workspaces.get_workspace(SLUG).id, user.id)
        token = sessions.start_session(services, row, method="link", address=address, user_agent="")
    signed_in = sessions.load_session(services, token)
    with contextlib.suppress(Refusal):
        sign_in.launch(services, SLUG, application.slug, session=signed_in, address=address)
    with database.atomic():
        users.sign_out_everywhere(user.id, now=services.clock())
    time.sleep(0.001)


def _write(scope: Scope, action: str, **event: Any) -> None:
    with database.atomic():
        log.record(scope, action, **event)
    # IDs sort by the millisecond of their creation, and the log is read in the order of IDs.
    time.sleep(0.001)
