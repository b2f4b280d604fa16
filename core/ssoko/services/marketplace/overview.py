"""The state of a workspace in a few queries, for the Dashboard and the marketplace."""

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

#: Applications in one list.
_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Orphan:
    """An application whose plugin is not loaded."""

    slug: str
    name: str
    plugin: PluginState


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application with an update to review: another version of its plugin is loaded."""

    slug: str
    name: str
    mark: UpgradeMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The setup progress of a workspace, and the applications that need attention.

    :param newest: name of the application that was installed last, or empty.
    :param role_given: whether a role of an application is assigned to a user or group.
    :param signed_in: whether a user has signed in to an application.
    """

    application_count: int
    newest: str
    role_given: bool
    signed_in: bool
    orphans: tuple[Orphan, ...]
    upgrades: tuple[Waiting, ...]


def overview(scope: Scope) -> Overview:
    """Return the current state of a workspace."""
    newest = (
        installed_applications(scope.workspace_id).order_by(Application.created_at.desc()).first()
    )
    assignments = (
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
        role_given=assignments.exists(),
        signed_in=newest is not None and signed_in.exists(),
        orphans=_orphans(scope),
        upgrades=_upgrades(scope),
    )


def installed_counts(workspace_id: str) -> dict[str, int]:
    """Return the number of installed applications of each integration, by slug."""
    rows: Any = (
        installed_applications(workspace_id)
        .select(Application.integration, fn.COUNT(Application.id))
        .group_by(Application.integration)
        .tuples()
    )
    return dict(rows)


def count_everywhere(integration: str) -> int:
    """Return the number of installed applications of one integration in all workspaces."""
    rows = Application.select().where(
        Application.integration == integration, Application.uninstalled_at.is_null()
    )
    return int(rows.count())


def suggest_name(workspace_id: str, base: str) -> str:
    """Return ``base``, with a number appended if an application already has that name."""
    rows = installed_applications(workspace_id).select(Application.name)
    existing = {row.name.casefold() for row in rows}
    number, name = 1, base
    while name.casefold() in existing:
        number += 1
        name = f"{base} {number}"
    return name


def _orphans(scope: Scope) -> tuple[Orphan, ...]:
    loaded = list(scope.services.registry.integrations)
    rows = (
        installed_applications(scope.workspace_id)
        .where(Application.integration.not_in(loaded))
        .order_by(Application.name_key)
        .limit(_LIMIT)
    )
    return tuple(
        Orphan(row.slug, row.name, plugin_state(scope.services, row.integration)) for row in rows
    )


def _upgrades(scope: Scope) -> tuple[Waiting, ...]:
    plugins = scope.services.registry.integrations
    other_versions = [
        (Application.integration == plugin.slug)
        & (
            (Application.distribution != plugin.distribution)
            | (Application.version != plugin.version)
        )
        for plugin in plugins.values()
    ]
    former = {slug for plugin in plugins.values() for slug in plugin.integration.formerly}
    other_versions += [Application.integration == slug for slug in sorted(former - plugins.keys())]
    if not other_versions:
        return ()
    rows = list(
        installed_applications(scope.workspace_id)
        .where(reduce(or_, other_versions))
        .order_by(Application.name_key)
        .limit(5 * _LIMIT)
    )
    marked = upgrade_marks.marks(scope.services, rows)
    waiting = (Waiting(row.slug, row.name, marked[row.id]) for row in rows if row.id in marked)
    return tuple(islice(waiting, _LIMIT))
