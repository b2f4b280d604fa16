"""Applications as pages and the API see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from peewee import fn

from ssoko.errors import Conflict, InputError, NotFound, PluginError
from ssoko.plugin import Mapping, MetadataField, Problem, ServiceProvider
from ssoko.plugin.host.record import (
    mappers_from_json,
    metadata_fields_from_json,
    service_provider_from_json,
)
from ssoko.services.access.roles import RoleView, select_roles
from ssoko.services.access.roles import view as role_view
from ssoko.services.applications import overrides as applications_overrides
from ssoko.services.applications import proposals, settings, upgrade_marks
from ssoko.services.applications.metadata_source import MetadataSource, find_source
from ssoko.services.applications.overrides import proposed_of
from ssoko.services.applications.upgrade_marks import UpgradeMark
from ssoko.services.context import Scope, Services
from ssoko.services.issuers.issuers import IssuerView, issuer_views
from ssoko.services.plugins.tiles import tile_letters
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.applications import Application, installed_applications
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.people import Membership, User
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.store.paging import Page, check_limit, count_rows, cut, decode_cursor
from ssoko.store.sql import query
from ssoko.text.names import search_terms

PluginState = Literal["loaded", "missing", "quarantined"]
State = Literal["active", "needs-setup", "disabled"]

#: Users are counted up to here, since counting more takes too long.
MAX_COUNTED_USERS = 1000

# Of one application: active users with a role of it, and when a user last signed in.
_USE = """
SELECT a.id, (SELECT COUNT(*) FROM (
  SELECT user_id FROM (
    SELECT g.user_id AS user_id FROM role r JOIN role_assignment g ON g.role_id = r.id
    JOIN user_account u ON u.id = g.user_id AND u.active
    WHERE r.application_id = a.id AND r.removed_at IS NULL
      AND (g.expires_at IS NULL OR g.expires_at > ?) LIMIT 1000) direct
  UNION
  SELECT user_id FROM (
    SELECT m.user_id AS user_id FROM role r JOIN role_assignment g ON g.role_id = r.id
    JOIN membership m ON m.group_id = g.group_id
    JOIN user_account u ON u.id = m.user_id AND u.active
    WHERE r.application_id = a.id AND r.removed_at IS NULL
      AND (g.expires_at IS NULL OR g.expires_at > ?) LIMIT 1000) by_group
) people), (SELECT at FROM event WHERE workspace_id = a.workspace_id AND application_id = a.id
  AND action = 'sign-in' AND outcome = 'done' ORDER BY id DESC LIMIT 1)
FROM application a WHERE a.id IN ({})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """An installed integration.

    :param integration: slug; ``integration_name`` is its name in the marketplace.
    :param settings: the install form's values, without the secret ones; ``public_settings`` are
        those that the loaded plugin's form has and does not mark as secret now.
    :param service_provider: the record: what the plugin ``proposed``, with the admin's
        ``overrides`` by field.
    :param mappers_edited: the mappers differ from the plugin's proposal.
    :param launch_url: absolute URL that starts a sign-in.
    :param version: of the plugin that proposed the record.
    :param state: ``needs-setup`` until a user has a role of the application.
    :param warnings: the plugin's warnings about the settings; empty in lists.
    :param metadata_source: where the SP metadata that filled the settings came from; empty in
        lists.
    :param people_count: active users with a role of the application, counted up to 1000.
    :param upgrade: the update to review when another version of the plugin is loaded.
    :param adds_attributes: the plugin adds its own attributes at each sign-in.
    :param without_plugin: an admin allows sign-ins without them while it is not loaded.
    """

    id: str
    slug: str
    name: str
    integration: str
    integration_name: str
    vendor: str
    monogram: str
    enabled: bool
    settings: dict[str, Any]
    public_settings: dict[str, Any]
    service_provider: ServiceProvider
    proposed: ServiceProvider
    overrides: dict[str, Any]
    mappers: tuple[Mapping, ...]
    mappers_edited: bool
    metadata_fields: tuple[MetadataField, ...]
    guide: str
    issuer: IssuerView
    default_role: RoleView | None
    launch_url: str
    created_at: int
    created_by: str
    updated_at: int
    plugin: PluginState
    distribution: str
    version: str
    state: State
    warnings: tuple[Problem, ...]
    last_sign_in_at: int | None
    people_count: int
    metadata_source: MetadataSource | None = None
    upgrade: UpgradeMark | None = None
    adds_attributes: bool = False
    without_plugin: bool = False


def find_row(workspace_id: str, id_or_slug: str) -> Application:
    """Return the row of an installed application; raises NotFound."""
    if not isinstance(id_or_slug, str) or "\0" in id_or_slug:
        raise NotFound("This application does not exist.")
    rows = installed_applications(workspace_id)
    row: Application | None = rows.where(Application.id == id_or_slug).first()
    row = row or rows.where(Application.slug == id_or_slug).first()
    if row is None:
        raise NotFound("This application does not exist. It may have been uninstalled.")
    return row


def get_application(scope: Scope, id_or_slug: str) -> ApplicationView:
    """Return one application, with the plugin's warnings; raises NotFound."""
    row = find_row(scope.workspace_id, id_or_slug)
    (view,) = views_of(scope.services, [row])
    warnings = _warnings(scope.services, row) + applications_overrides.warnings(
        view.service_provider
    )
    return replace(view, warnings=warnings, metadata_source=find_source(row.id))


def list_applications(
    scope: Scope,
    *,
    q: str = "",
    integration: str = "",
    state: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ApplicationView]:
    """List the installed applications by name.

    :param q: words of the name, the vendor or the integration.
    :param state: ``active``, ``needs-setup`` or ``disabled``.
    :raises InputError: at ``state``, ``limit`` or ``cursor``.
    """
    check_limit(limit)
    query = _matching(scope, q=q, integration=integration, state=state)
    start = decode_cursor(cursor, length=2)
    if start is not None:
        same = (Application.name_key == start[0]) & (Application.id > start[1])
        query = query.where((Application.name_key > start[0]) | same)
    rows = list(query.order_by(Application.name_key, Application.id).limit(limit + 1))
    views = {view.id: view for view in views_of(scope.services, rows[:limit])}
    return cut(rows, limit, key=lambda row: (row.name_key, row.id), view=lambda r: views[r.id])


def count_applications(scope: Scope, *, q: str = "", state: str = "") -> int:
    """Count the applications that :func:`list_applications` lists, up to ``MOST_COUNTED``."""
    return count_rows(_matching(scope, q=q, state=state))


def names_of(workspace_id: str, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of applications by id, also of uninstalled ones."""
    rows: Any = (
        Application.select(Application.id, Application.name)
        .where(Application.workspace == workspace_id, Application.id.in_(set(ids)))
        .tuples()
    )
    return dict(rows)


def _matching(scope: Scope, *, q: str, integration: str = "", state: str = "") -> Any:
    query = installed_applications(scope.workspace_id)
    for word in search_terms(q):
        query = query.where(
            Application.name_key.contains(word)
            | Application.integration.contains(word)
            | Application.vendor.contains(word)
        )
    if integration:
        query = query.where(Application.integration == integration)
    if state:
        query = query.where(_in_state(state, scope.services.clock()))
    return query


def views_of(services: Services, rows: Sequence[Application]) -> tuple[ApplicationView, ...]:
    """Return the views of these rows, without warnings."""
    if not rows:
        return ()
    issuers = issuer_views(
        services, list(Issuer.select().where(Issuer.id.in_({row.issuer_id for row in rows})))
    )
    roles = _default_roles(rows[0].workspace_id, [row.id for row in rows])
    slug = Workspace.get_by_id(rows[0].workspace_id).slug
    marks = upgrade_marks.marks(services, rows)
    use = _use_of(rows, services.clock())
    return tuple(
        _view(
            services,
            row,
            slug,
            issuers[row.issuer_id],
            roles.get(row.id),
            marks.get(row.id),
            use[row.id],
        )
        for row in rows
    )


def _use_of(rows: Sequence[Application], now: int) -> dict[str, tuple[int, int | None]]:
    """Return, by application id, how many users can use it and when a user last did."""
    ids = [row.id for row in rows]
    statement = _USE.format(", ".join("?" * len(ids)))
    return {row[0]: (row[1], row[2]) for row in query(statement, (now, now, *ids))}


def plugin_state(services: Services, integration: str) -> PluginState:
    """Return whether the plugin of an integration is loaded."""
    if services.registry.get(integration) is not None:
        return "loaded"
    broken = any(problem.slug == integration for problem in services.registry.problems)
    return "quarantined" if broken else "missing"


def _view(
    services: Services,
    row: Application,
    workspace_slug: str,
    issuer: IssuerView,
    default_role: RoleView | None,
    upgrade: UpgradeMark | None,
    use: tuple[int, int | None],
) -> ApplicationView:
    people, last_sign_in_at = use
    loaded = services.registry.get(row.integration)
    shown = settings.shown(services, loaded, row.settings, application_id=row.id)
    return ApplicationView(
        id=row.id,
        slug=row.slug,
        name=row.name,
        integration=row.integration,
        integration_name=loaded.integration.name if loaded else row.vendor or row.integration,
        vendor=row.vendor,
        monogram=tile_letters(services.registry, row.integration, row.name, row.monogram),
        enabled=row.enabled,
        settings=shown,
        public_settings=settings.public_now(loaded, shown),
        service_provider=service_provider_from_json(row.service_provider),
        proposed=proposed_of(row),
        overrides=row.overrides,
        mappers=mappers_from_json(row.mappers),
        mappers_edited=row.mappers != row.proposed.get("mappers", row.mappers),
        metadata_fields=metadata_fields_from_json(row.metadata_fields),
        guide=row.guide,
        issuer=issuer,
        default_role=default_role,
        launch_url=f"{services.config.base_url}/w/{workspace_slug}/launch/{row.slug}",
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        plugin=plugin_state(services, row.integration),
        distribution=row.distribution,
        version=row.version,
        state="disabled" if not row.enabled else "active" if people else "needs-setup",
        warnings=(),
        last_sign_in_at=last_sign_in_at,
        people_count=min(people, MAX_COUNTED_USERS),
        upgrade=upgrade,
        adds_attributes=bool(row.proposed.get("adds_attributes")),
        without_plugin=row.without_plugin,
    )


def _warnings(services: Services, row: Application) -> tuple[Problem, ...]:
    loaded = services.registry.get(row.integration)
    if loaded is None:
        return ()
    try:
        values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
        return proposals.check(services, loaded, values)
    except InputError as error:
        # A newer plugin requires more than the record has; sign-in continues from the record.
        return tuple(
            Problem(name, text, "warning") for name, t in error.errors.items() for text in t
        )
    except PluginError as error:
        return (Problem("", str(error), "warning"),)


def _default_roles(workspace_id: str, application_ids: Sequence[str]) -> dict[str, RoleView]:
    rows: Any = select_roles(workspace_id).where(
        Role.application.in_(application_ids), Role.is_default
    )
    return {row.application_id: role_view(row) for row in rows}


def _in_state(state: str, now: int) -> Any:
    if state == "disabled":
        return ~Application.enabled
    if state not in {"active", "needs-setup"}:
        raise InputError.of("state", "Choose active, needs-setup or disabled")
    counts = (
        (Role.application == Application.id)
        & Role.removed_at.is_null()
        & (Assignment.expires_at.is_null() | (Assignment.expires_at > now))
    )
    assignments = Assignment.select(1).join(Role).switch(Assignment)
    direct = fn.EXISTS(
        assignments.join(User, on=(User.id == Assignment.user)).where(counts, User.active)
    )
    grouped = fn.EXISTS(
        assignments.join(Membership, on=(Membership.group == Assignment.group))
        .join(User, on=(User.id == Membership.user))
        .where(counts, User.active)
    )
    has_user = direct | grouped
    return Application.enabled & (has_user if state == "active" else ~has_user)


def update(
    services: Services, application_id: str, changes: dict[str, Any], *, seen: int | None = None
) -> None:
    """Write columns with a later ``updated_at``, which invalidates the cache of sign-ins.

    :param seen: ``updated_at`` of the version that the change is based on; None for any.
    :raises Conflict: when the application was changed since.
    """
    locked = Application.select(Application.updated_at).where(Application.id == application_id)
    if database.for_update:
        locked = locked.for_update()
    before = locked.scalar()
    if before is None:
        raise NotFound("This application does not exist. It may have been uninstalled.")
    if seen is not None and seen != before:
        raise Conflict.of(
            "", "Someone else changed this application. Review it again, then continue."
        )
    at = max(services.clock(), before + 1)
    Application.update(updated_at=at, **changes).where(Application.id == application_id).execute()
