"""Decide whether a user has access to an application, and explain the decision."""

from dataclasses import dataclass
from typing import Any

from peewee import SQL, Case, fn

from ssoko.errors import NotFound
from ssoko.plugin.host.registry import Registry
from ssoko.services.access.assignments import (
    AssignmentView,
    assignments_of_users,
)
from ssoko.services.access.gate import Code, gate
from ssoko.services.context import Scope
from ssoko.services.people import users
from ssoko.services.people.search import Belonging, find_people
from ssoko.services.people.users import UserView
from ssoko.services.plugins.tiles import tile_letters
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.applications import Application
from ssoko.store.models.people import Membership, User
from ssoko.store.models.workspaces import Workspace
from ssoko.store.paging import Page
from ssoko.text.names import is_id, search_terms


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a user has access to an application.

    :param sentence: the reason, for an admin.
    :param paths: the active assignments; ``lapsed`` are the expired ones.
    """

    allowed: bool
    code: Code
    sentence: str
    paths: tuple[AssignmentView, ...]
    lapsed: tuple[AssignmentView, ...]


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One user who has, or had, a role of an application."""

    user: UserView
    paths: tuple[AssignmentView, ...]
    allowed: bool
    code: Code


@dataclass(frozen=True, slots=True)
class Tile:
    """An application that a user can launch.

    :param expires_at: when the last assignment expires, or None when one never expires.
    :param launch_path: path of the URL that launches the application.
    """

    application_id: str
    slug: str
    name: str
    integration: str
    monogram: str
    expires_at: int | None
    launch_path: str


def decide(scope: Scope, *, user_id: str, application_id: str) -> Decision:
    """Return whether a user has access to an application now, and through which assignments.

    :raises NotFound: when either is not in the workspace.
    """
    user = users.row_of(scope.workspace_id, user_id)
    application = _application(scope.workspace_id, application_id)
    now = scope.services.clock()
    of_application = Role.application == application
    assignments = assignments_of_users(scope.workspace_id, [user], of_application, now=now)[user.id]
    paths = tuple(assignment for assignment in assignments if not assignment.expired)
    lapsed = tuple(assignment for assignment in assignments if assignment.expired)
    code = _judge(user, application, paths, lapsed)
    sentence = _sentence(code, users.view(user).display_name, application.name, paths, lapsed)
    return Decision(code == "ok", code, sentence, paths, lapsed)


def list_access(
    scope: Scope,
    application_id: str,
    *,
    q: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[AccessRow]:
    """List the users who have, or had, a role of an application, by name.

    :param q: starts of words in the names, the username or the email.
    :raises NotFound: when the application is not in the workspace.
    """
    application = _application(scope.workspace_id, application_id)
    page, following = find_people(
        scope.workspace_id, q=q, belonging=_holders(application), limit=limit, cursor=cursor
    )
    now = scope.services.clock()
    of_application = Role.application == application
    assignments = assignments_of_users(scope.workspace_id, page, of_application, now=now)
    rows = []
    for user in page:
        paths = tuple(assignment for assignment in assignments[user.id] if not assignment.expired)
        lapsed = tuple(assignment for assignment in assignments[user.id] if assignment.expired)
        code = _judge(user, application, paths, lapsed)
        rows.append(AccessRow(users.view(user), paths or lapsed, code == "ok", code))
    return Page(tuple(rows), following)


def list_tiles(scope: Scope, user_id: str, *, q: str = "") -> tuple[Tile, ...]:
    """Return the applications that a user can launch now, by name, with one SQL statement.

    Applications whose sign-ins start only at the vendor are left out.

    :param q: words that the application's name must contain.
    """
    if not is_id(user_id):
        return ()
    now = scope.services.clock()
    held = _held_by(user_id).alias("held")
    last = fn.MAX(Case(None, [(held.c.expires_at.is_null(), LAST_GRANT)], held.c.expires_at))
    query: Any = (
        Application.select(
            Application.id,
            Application.slug,
            Application.name,
            Application.integration,
            Application.monogram,
            Application.service_provider,
            Workspace.slug.alias("workspace_slug"),
            last.alias("last"),
        )
        .join(Role, on=(Role.application == Application.id))
        .join(held, on=(held.c.role_id == Role.id))
        .join_from(Application, Workspace)
        .join(User, on=((User.workspace == Workspace.id) & (User.id == user_id) & User.active))
        .where(
            Application.workspace == scope.workspace_id,
            Application.enabled,
            Application.uninstalled_at.is_null(),
            Role.removed_at.is_null(),
            held.c.expires_at.is_null() | (held.c.expires_at > now),
            *(Application.name_key.contains(term) for term in search_terms(q)),
        )
        .group_by(Application, Workspace.slug)
        .order_by(Application.name_key)
        .dicts()
    )
    registry = scope.services.registry
    return tuple(_tile(registry, row) for row in query if _has_tile(row["service_provider"]))


#: Replaces "no expiry" in MAX(): later than every expiry.
LAST_GRANT = SQL("9223372036854775807")


def _has_tile(sp: dict[str, Any]) -> bool:
    return bool(sp.get("idp_initiated", True) or sp.get("launch_url"))


def _tile(registry: Registry, row: dict[str, Any]) -> Tile:
    last = row["last"]
    return Tile(
        application_id=row["id"],
        slug=row["slug"],
        name=row["name"],
        integration=row["integration"],
        monogram=tile_letters(registry, row["integration"], row["name"], row["monogram"]),
        expires_at=None if last == int(LAST_GRANT.sql) else last,
        launch_path=f"/w/{row['workspace_slug']}/launch/{row['slug']}",
    )


def _held_by(user_id: str) -> Any:
    # A UNION of two branches, each with its own index. With OR, all assignments would be read.
    direct = Assignment.select(Assignment.role.alias("role_id"), Assignment.expires_at).where(
        Assignment.user == user_id
    )
    through = (
        Assignment.select(Assignment.role.alias("role_id"), Assignment.expires_at)
        .join(Membership, on=(Membership.group == Assignment.group))
        .where(Membership.user == user_id)
    )
    return direct.union_all(through)


def _holders(application: Application) -> Belonging:
    opening = Role.select(Role.id).where(Role.application == application, Role.removed_at.is_null())
    direct = Assignment.select(Assignment.user).where(
        Assignment.role.in_(opening), Assignment.user.is_null(False)
    )
    through = (
        Membership.select(Membership.user)
        .join(Assignment, on=(Assignment.group == Membership.group))
        .where(Assignment.role.in_(opening))
    )
    given = fn.EXISTS(direct.where(Assignment.user == User.id))
    inherited = fn.EXISTS(through.where(Membership.user == User.id))
    return Belonging(direct.union_all(through), given | inherited)


def _judge(
    user: User,
    application: Application,
    paths: tuple[AssignmentView, ...],
    lapsed: tuple[AssignmentView, ...],
) -> Code:
    return gate(
        user_active=user.active,
        same_workspace=user.workspace_id == application.workspace_id,
        application_enabled=application.enabled,
        application_installed=application.uninstalled_at is None,
        has_role=bool(paths),
        had_role=bool(lapsed),
    )


def _sentence(
    code: Code,
    user: str,
    application: str,
    paths: tuple[AssignmentView, ...],
    lapsed: tuple[AssignmentView, ...],
) -> str:
    if code == "ok":
        best = paths[0]
        group = f", from the group {best.group_name}" if best.via == "group" else ""
        return f"{user} has access through the role {best.role.name}{group}."
    if code == "role-expired":
        role = max(lapsed, key=lambda assignment: assignment.expires_at or 0).role.name
        return f"The role {role} of {user} has expired. Assign it again to restore access."
    return {
        "no-role": f"{user} has no role for {application}. Assign one to give access.",
        "user-disabled": f"{user} is disabled. Enable the user to restore access.",
        "application-disabled": f"{application} is disabled. Enable it to restore access.",
        "application-uninstalled": f"{application} is uninstalled. Restore it to restore access.",
    }[code]


def _application(workspace_id: str, application_id: str) -> Application:
    row: Application | None = (
        Application.get_or_none(
            Application.workspace == workspace_id, Application.id == application_id
        )
        if is_id(application_id)
        else None
    )
    if row is None:
        raise NotFound("This application does not exist")
    return row
