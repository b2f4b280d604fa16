"""Change an application, take it away, and bring it back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from peewee import IntegrityError

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.plugin.host.record import service_provider_from_json, service_provider_to_json
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.activity import log
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import overrides, proposals, settings, snapshots
from ssoko.services.applications.install import (
    check_application_name,
    free_slug,
    require_free_name,
    require_free_sp,
)
from ssoko.services.applications.metadata_source import Refreshed, remember
from ssoko.services.applications.overrides import overrides_over
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.three_way_merge import merge_fields, merge_rows
from ssoko.services.applications.upgrade_marks import is_same_version
from ssoko.services.applications.views import ApplicationView, find_row, get_application
from ssoko.services.applications.views import update as _update
from ssoko.services.context import Scope, Services
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, UpgradeDecision
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.sessions import Participation, Session
from ssoko.store.models.table import database
from ssoko.text.names import fold

#: Seconds that an uninstalled application can be restored.
RESTORABLE = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What breaks when an application is uninstalled or disabled.

    :param people: users who have a role of it, counted up to 1000.
    :param sessions: live sessions that are signed in to it.
    """

    people: int
    roles: int
    sessions: int
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UninstalledView:
    """An application that can still be restored, until ``restore_until``."""

    id: str
    slug: str
    name: str
    integration: str
    monogram: str
    uninstalled_at: int
    restore_until: int


def update_application(
    scope: Scope,
    app_id: str,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    enabled: bool | None = None,
    service_provider: Mapping[str, Any] | None = None,
    refreshed: Refreshed | None = None,
) -> ApplicationView:
    """Change what is given; our entity ID, addresses and the slug stay what they are.

    New settings are proposed and recorded anew. Mappings that were edited stay, unless the new
    settings make the plugin propose others than the old ones did. What was set by hand stays.

    :param settings: only the fields that change; an empty secret changes nothing.
    :param service_provider: fields to set by hand over the plugin's proposal; None as a value goes
        back to the proposal. See :mod:`ssoko.services.applications.overrides`.
    :param refreshed: the metadata that the settings come from.
    :raises InputError: with every field that is wrong; under ``""`` when the plugin is missing.
    :raises Conflict: at ``name`` or ``issuer``.
    """
    row = find_row(scope.workspace_id, app_id)
    changes: dict[str, Any] = {}
    wrong: list[InputError] = []
    given: Any
    change: Callable[[Any, Any], dict[str, Any]]
    for given, change in (
        (name, _new_name),
        (service_provider, overrides.changes),
        (settings, partial(applications_change.changes, scope.services, changes)),
        (enabled, _new_switch),
    ):
        if given is not None:
            try:
                changes.update(change(row, given))
            except InputError as error:
                wrong.append(error)
    if wrong:
        raise _together(wrong)
    changes = {column: new for column, new in changes.items() if getattr(row, column) != new}
    if changes or refreshed is not None:
        _write_changes(scope, row, changes, refreshed)
    return get_application(scope, row.id)


def impact(scope: Scope, app_id: str) -> Impact:
    """Tell what breaks without this application."""
    view = get_application(scope, app_id)
    roles = Role.select().where(Role.application == view.id, Role.removed_at.is_null()).count()
    sessions = (
        Participation.select()
        .join(Session)
        .where(
            Participation.application == view.id,
            Participation.ended_at.is_null(),
            Session.ended_at.is_null(),
            Session.expires_at > scope.services.clock(),
        )
        .count()
    )
    people = view.people_count
    sentences = (
        f"{people} {'person' if people == 1 else 'people'} can no longer sign in to {view.name}."
        if people
        else f"Nobody has a role of {view.name}.",
        f"{sessions} {'session is' if sessions == 1 else 'sessions are'} signed in to it now. "
        "The vendor may keep them alive until they end there."
        if sessions
        else "Nobody is signed in to it now.",
        f"{roles} {'role' if roles == 1 else 'roles'} and the assignments are archived with it.",
    )
    return Impact(people=people, roles=roles, sessions=sessions, sentences=sentences)


def uninstall(scope: Scope, app_id: str) -> None:
    """Take an application away; it can be restored for 30 days.

    Sign-in stops at once. Its roles are put away with it, their assignments are kept.
    """
    now = scope.services.clock()
    with database.atomic():
        row = find_row(scope.workspace_id, app_id)
        _update(scope.services, row.id, {"uninstalled_at": now})
        Role.update(removed_at=now).where(
            Role.application == row.id, Role.removed_at.is_null()
        ).execute()
        Participation.update(ended_at=now).where(
            Participation.application == row.id, Participation.ended_at.is_null()
        ).execute()
        log.record(scope, "application.uninstalled", target=row)
        _purge(scope.workspace_id, before=now - RESTORABLE)


def list_uninstalled(scope: Scope) -> tuple[UninstalledView, ...]:
    """Return the applications that can be restored, the latest first."""
    since = scope.services.clock() - RESTORABLE
    rows: Any = (
        Application.select()
        .where(Application.workspace == scope.workspace_id, Application.uninstalled_at > since)
        .order_by(Application.uninstalled_at.desc(), Application.id)
        .limit(200)
    )
    return tuple(
        UninstalledView(
            id=row.id,
            slug=row.slug,
            name=row.name,
            integration=row.integration,
            monogram=row.monogram,
            uninstalled_at=row.uninstalled_at,
            restore_until=row.uninstalled_at + RESTORABLE,
        )
        for row in rows
    )


def restore(scope: Scope, app_id: str) -> ApplicationView:
    """Bring an uninstalled application back with its roles and assignments.

    :raises NotFound: when it is gone for good.
    :raises Conflict: when its name, a role's name or its place on a shared issuer was taken.
    """
    try:
        with database.atomic():
            row = _uninstalled(scope, app_id)
            require_free_name(scope.workspace_id, row.name)
            require_free_sp(row.issuer_id, row.sp_entity_id)
            roles = list(
                Role.select().where(
                    Role.application == row.id, Role.removed_at == row.uninstalled_at
                )
            )
            _require_free_role_names(scope.workspace_id, roles)
            slug_taken = (
                Application.select()
                .where(
                    Application.workspace == scope.workspace_id,
                    Application.slug == row.slug,
                    Application.uninstalled_at.is_null(),
                )
                .exists()
            )
            slug = free_slug(scope.workspace_id, row.name) if slug_taken else row.slug
            _update(scope.services, row.id, {"uninstalled_at": None, "slug": slug})
            Role.update(removed_at=None).where(Role.id.in_([r.id for r in roles])).execute()
            log.record(scope, "application.restored", target=row)
    except IntegrityError:
        raise Conflict.of("", "Its name was taken at this moment. Try again.") from None
    return get_application(scope, app_id)


def _together(wrong: list[InputError]) -> InputError:
    if len(wrong) == 1:
        return wrong[0]
    return InputError.together(wrong)


def _new_name(row: Application, name: str) -> dict[str, Any]:
    clean = check_application_name(name)
    require_free_name(row.workspace_id, clean, but=row.id)
    return {"name": clean, "name_key": fold(clean)}


def _new_switch(row: Application, enabled: object) -> dict[str, Any]:
    if not isinstance(enabled, bool):
        raise InputError.of("enabled", "Give true or false.")
    return {"enabled": enabled}


def _write_changes(
    scope: Scope,
    row: Application,
    changes: dict[str, Any],
    refreshed: Refreshed | None,
) -> None:
    # What is proposed anew takes in what was set by hand, so nobody may set more meanwhile.
    seen = row.updated_at if changes.keys() & {"settings", "overrides"} else None
    shown: list[str] = [name for name in ("name", "settings", "mappers") if name in changes]
    shown += overrides.changed_fields(row, changes)
    try:
        with database.atomic():
            _update(scope.services, row.id, changes, seen=seen)
            if refreshed is not None:
                remember(row.id, refreshed.source)
                detail = {"metadata": refreshed.source.words, "changed": list(refreshed.changed)}
                log.record(scope, "application.refreshed", target=row, detail=detail)
            elif set(changes) - {"enabled"}:
                log.record(scope, "application.changed", target=row, detail={"changed": shown})
            if "enabled" in changes:
                action = "application.enabled" if changes["enabled"] else "application.disabled"
                log.record(scope, action, target=row)
    except IntegrityError:
        raise Conflict.of(
            "", "Somebody changed the same thing at this moment. Try again."
        ) from None


def _uninstalled(scope: Scope, app_id: str) -> Application:
    row = Application.get_or_none(
        Application.workspace == scope.workspace_id,
        Application.id == app_id,
        Application.uninstalled_at > scope.services.clock() - RESTORABLE,
    )
    if row is None:
        raise NotFound("This application is gone; it could be restored for 30 days.")
    return row


def _require_free_role_names(workspace_id: str, roles: list[Role]) -> None:
    for role in roles:
        taken = Role.get_or_none(
            Role.workspace == workspace_id,
            Role.name_key == role.name_key,
            Role.removed_at.is_null(),
        )
        if taken is not None:
            raise Conflict.of(
                "", f"There is a role named {taken.name} meanwhile; rename it, then restore."
            )


def _purge(workspace_id: str, *, before: int) -> None:
    gone: Any = Application.select().where(
        Application.workspace == workspace_id, Application.uninstalled_at <= before
    )
    for row in list(gone):
        issuer_id = row.issuer_id
        row.delete_instance()
        Issuer.delete().where(Issuer.id == issuer_id, ~Issuer.shared).execute()


def changes(
    services: Services, earlier: Mapping[str, Any], row: Application, raw: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns of an application that new settings change.

    :param earlier: columns that the same change writes otherwise, such as ``overrides``.
    :param raw: only the settings that change; an empty secret changes nothing.
    :raises InputError: with every field that is wrong; under ``""`` when the plugin is missing.
    :raises Conflict: when the new service provider is on the issuer already.
    """
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of(
            "",
            "The plugin of this application is not loaded, so its settings cannot be changed. "
            "Sign-in goes on as recorded; disable, enable and uninstall work.",
        )
    if not isinstance(raw, Mapping):
        raise InputError.of("settings", "Give the settings as an object of names and values.")
    merged = settings.merge(services, loaded, row.settings, raw, application_id=row.id)
    values = settings.load(loaded, merged)
    proposal = proposals.propose(services, loaded, values)
    stored = settings.dump(services, loaded, values, application_id=row.id)
    overrides = earlier.get("overrides", row.overrides)
    new, before = snapshots.offered(loaded, proposal), _before(services, loaded, row, merged)
    if before is not None and _waits(loaded, row, before):
        columns = _settled(row, overrides, before, new)
    else:
        columns = proposals.columns(loaded, proposal, overrides=overrides)
        columns["proposed"] = {**row.proposed, **columns["proposed"]}
        untouched = row.mappers == row.proposed.get("mappers")
        if untouched or before is None or new.mappers != before.mappers:
            columns["mappers"] = new.mappers
    require_free_sp(row.issuer_id, columns["sp_entity_id"], but=row.id)
    return {"settings": stored, **columns}


def _before(
    services: Services, loaded: LoadedIntegration, row: Application, merged: Mapping[str, Any]
) -> Snapshot | None:
    """Return what the loaded plugin proposes for the settings there are, if it takes them.

    What a newer plugin misses in them is taken from the new ones.
    """
    try:
        values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    except InputError as error:
        asked = {name.partition(".")[0] for name in error.errors} & merged.keys()
        kept = settings.merge(services, loaded, row.settings, {}, application_id=row.id)
        try:
            values = settings.load(loaded, kept | {name: merged[name] for name in asked})
        except InputError:
            return None
    try:
        return snapshots.offered(loaded, proposals.propose(services, loaded, values))
    except InputError:
        return None


def _waits(loaded: LoadedIntegration, row: Application, before: Snapshot) -> bool:
    """Tell whether some of what the plugin proposes was not looked at yet, or was kept out."""
    kept_out = (UpgradeDecision.application == row.id) & (UpgradeDecision.kept != "")
    if is_same_version(loaded, row) and not UpgradeDecision.select().where(kept_out).exists():
        return False
    return before != snapshots.recorded(row, like=before)


def _settled(
    row: Application, overrides: Mapping[str, Any], before: Snapshot, new: Snapshot
) -> dict[str, Any]:
    """Return the columns with what the settings change, and nothing of what the upgrade does."""
    there = snapshots.recorded(row, like=before)
    base = merge_fields(before.service_provider, there.service_provider, new.service_provider)
    provider = overrides_over(service_provider_from_json(base), overrides)
    return {
        "sp_entity_id": provider.entity_id,
        "service_provider": service_provider_to_json(provider),
        "proposed": {
            **row.proposed,
            "service_provider": base,
            "mappers": merge_rows(before.mappers, there.mappers, new.mappers)[0],
        },
        "mappers": merge_rows(before.mappers, row.mappers, new.mappers)[0],
    }
