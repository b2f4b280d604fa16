"""Where a workspace stands, in few statements: what its Dashboard and the marketplace show."""

from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

from peewee import fn

from ssoko.services.applications import upgrade_marks
from ssoko.services.applications.upgrade_marks import UpgradeMark
from ssoko.services.applications.views import PluginState, plugin_state
from ssoko.services.context import Scope
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import Application, installed_applications

#: Applications of one kind that are named at most.
_MOST = 20


@dataclass(frozen=True, slots=True)
class Orphan:
    """An application whose plugin is not there."""

    slug: str
    name: str
    plugin: PluginState


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application that is recorded from another version of its plugin than the loaded one."""

    slug: str
    name: str
    mark: UpgradeMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What has been done in a workspace, and what should be looked at.

    :param newest: name of the application that was installed last, or empty.
    :param role_given: somebody, or a group, was given a role of an application.
    :param signed_in: somebody has signed in to an application.
    """

    application_count: int
    newest: str
    role_given: bool
    signed_in: bool
    orphans: tuple[Orphan, ...]
    upgrades: tuple[Waiting, ...]


def overview(scope: Scope) -> Overview:
    """Return where a workspace stands now."""
    newest = (
        installed_applications(scope.workspace_id).order_by(Application.created_at.desc()).first()
    )
    given = (
        Assignment.select()
        .join(Role)
        .where(
            Role.workspace == scope.workspace_id,
            Role.application.is_null(False),
            Role.removed_at.is_null(),
        )
    )
    signed_in = Event.select().where(
        Event.workspace == scope.workspace_id,
        Event.action == "sign-in",
        Event.outcome == "done",
        Event.application_id != "",
    )
    return Overview(
        application_count=installed_applications(scope.workspace_id).count(),
        newest=newest.name if newest else "",
        role_given=given.exists(),
        signed_in=newest is not None and signed_in.exists(),
        orphans=_orphans(scope),
        upgrades=_upgrades(scope),
    )


def installed_counts(workspace_id: str) -> dict[str, int]:
    """Return how many applications of each integration are installed, by slug."""
    rows: Any = (
        installed_applications(workspace_id)
        .select(Application.integration, fn.COUNT(Application.id))
        .group_by(Application.integration)
        .tuples()
    )
    return dict(rows)


def count_everywhere(integration: str) -> int:
    """Return how many applications of one integration there are, in all workspaces."""
    rows = Application.select().where(
        Application.integration == integration, Application.uninstalled_at.is_null()
    )
    return int(rows.count())


def suggest_name(workspace_id: str, wanted: str) -> str:
    """Return ``wanted``, or with a number when an application has that name already."""
    rows = installed_applications(workspace_id).select(Application.name)
    taken = {row.name.casefold() for row in rows}
    number, name = 1, wanted
    while name.casefold() in taken:
        number += 1
        name = f"{wanted} {number}"
    return name


def _orphans(scope: Scope) -> tuple[Orphan, ...]:
    loaded = list(scope.services.registry.integrations)
    rows = (
        installed_applications(scope.workspace_id)
        .where(Application.integration.not_in(loaded))
        .order_by(Application.name_key)
        .limit(_MOST)
    )
    return tuple(
        Orphan(row.slug, row.name, plugin_state(scope.services, row.integration)) for row in rows
    )


def _upgrades(scope: Scope) -> tuple[Waiting, ...]:
    others = [
        (Application.integration == one.slug)
        & ((Application.distribution != one.distribution) | (Application.version != one.version))
        for one in scope.services.registry.integrations.values()
    ]
    if not others:
        return ()
    rows = list(
        installed_applications(scope.workspace_id)
        .where(reduce(or_, others))
        .order_by(Application.name_key)
        .limit(5 * _MOST)
    )
    marked = upgrade_marks.marks(scope.services, rows)
    found = (Waiting(row.slug, row.name, marked[row.id]) for row in rows if row.id in marked)
    return tuple(islice(found, _MOST))
