"""Change, uninstall and restore an application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from peewee import IntegrityError

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.plugin.host.record import service_provider_from_json, service_provider_to_json
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.activity import log
from ssoko.services.applications import cautions, overrides, proposals, settings, snapshots
from ssoko.services.applications import change as applications_change
from ssoko.services.applications.install import (
    check_application_name,
    free_slug,
    require_free_name,
    require_free_sp,
)
from ssoko.services.applications.metadata_source import Refreshed, remember
from ssoko.services.applications.overrides import apply_checked
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.three_way_merge import merge_fields, merge_rows
from ssoko.services.applications.upgrade_marks import is_same_version
from ssoko.services.applications.views import ApplicationView, find_row, get_application
from ssoko.services.applications.views import update as _update
from ssoko.services.context import Scope, Services
from ssoko.services.plugins.tiles import tile_letters
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, UpgradeDecision
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.sessions import Participation, Session
from ssoko.store.models.table import database
from ssoko.text.names import fold

#: Seconds for which an uninstalled application can be restored.
RESTORABLE = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The effect of uninstalling or disabling an application.

    :param people: users who have a role of it, counted up to 1000.
    :param sessions: active sessions that are signed in to it.
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
    without_plugin: bool | None = None,
    service_provider: Mapping[str, Any] | None = None,
    refreshed: Refreshed | None = None,
) -> ApplicationView:
    """Change the given values; our entity ID, endpoint URLs and the slug never change.

    The plugin proposes again for new settings. Edited mappers stay, unless the plugin proposes
    others for the new settings than for the old ones. Overrides stay.

    :param settings: only the fields that change; an empty secret changes nothing.
    :param without_plugin: allow sign-ins while the plugin that adds attributes is not loaded.
    :param service_provider: overrides of the plugin's proposal, by field; the value None removes
        an override. See :mod:`ssoko.services.applications.overrides`.
    :param refreshed: the metadata that the settings come from.
    :raises InputError: with every field that is wrong; under ``""`` when the plugin is missing.
    :raises Conflict: at ``name`` or ``issuer``.
    """
    row = find_row(scope.workspace_id, app_id)
    changes: dict[str, Any] = {}
    errors: list[InputError] = []
    value: Any
    change: Callable[[Any, Any], dict[str, Any]]
    for value, change in (
        (name, _new_name),
        (service_provider, overrides.changes),
        (settings, partial(applications_change.changes, scope.services, changes)),
        (enabled, partial(_new_switch, "enabled")),
        (without_plugin, partial(_new_switch, "without_plugin")),
    ):
        if value is not None:
            try:
                changes.update(change(row, value))
            except InputError as error:
                errors.append(error)
    if errors:
        raise _together(errors)
    changes = {column: new for column, new in changes.items() if getattr(row, column) != new}
    if changes or refreshed is not None:
        _write_changes(scope, row, changes, refreshed)
    return get_application(scope, row.id)


def impact(scope: Scope, app_id: str) -> Impact:
    """Return the effect of uninstalling this application."""
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
        else f"No one has access to {view.name}.",
        f"{sessions} {'session is' if sessions == 1 else 'sessions are'} signed in to it now. "
        "The vendor may keep them active until they expire there."
        if sessions
        else "No session is signed in to it now.",
        f"{roles} {'role and its' if roles == 1 else 'roles and their'} assignments are archived.",
    )
    return Impact(people=people, roles=roles, sessions=sessions, sentences=sentences)


def uninstall(scope: Scope, app_id: str) -> None:
    """Uninstall an application; it can be restored for 30 days.

    Sign-in stops immediately. Its roles are archived with their assignments.
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
    """Return the applications that can be restored, latest first."""
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
            monogram=tile_letters(scope.services.registry, row.integration, row.name, row.monogram),
            uninstalled_at=row.uninstalled_at,
            restore_until=row.uninstalled_at + RESTORABLE,
        )
        for row in rows
    )


def restore(scope: Scope, app_id: str) -> ApplicationView:
    """Restore an uninstalled application with its roles and assignments.

    :raises NotFound: when it was deleted permanently.
    :raises Conflict: when its name, a role's name or its SP on a shared issuer is in use.
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
        raise Conflict.of(
            "", "Another application got its name or slug at the same time. Try again."
        ) from None
    return get_application(scope, app_id)


def _together(errors: list[InputError]) -> InputError:
    return errors[0] if len(errors) == 1 else InputError.together(errors)


def _new_name(row: Application, name: str) -> dict[str, Any]:
    clean = check_application_name(name)
    require_free_name(row.workspace_id, clean, but=row.id)
    return {"name": clean, "name_key": fold(clean)}


def _new_switch(column: str, row: Application, on: object) -> dict[str, Any]:
    if not isinstance(on, bool):
        raise InputError.of(column, "Enter true or false.")
    return {column: on}


def _write_changes(
    scope: Scope,
    row: Application,
    changes: dict[str, Any],
    refreshed: Refreshed | None,
) -> None:
    # The new proposal includes the overrides, so a concurrent override must be detected.
    seen = row.updated_at if changes.keys() & {"settings", "overrides"} else None
    shown: list[str] = [name for name in ("name", "settings", "mappers") if name in changes]
    shown += overrides.changed_fields(row, changes)
    shown += ["sign-in without the plugin"] * ("without_plugin" in changes)
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
        raise Conflict.of("", "Another change was saved at the same time. Try again.") from None


def _uninstalled(scope: Scope, app_id: str) -> Application:
    row = Application.get_or_none(
        Application.workspace == scope.workspace_id,
        Application.id == app_id,
        Application.uninstalled_at > scope.services.clock() - RESTORABLE,
    )
    if row is None:
        raise NotFound("This application was deleted. It could be restored for 30 days.")
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
                "", f"The role name {taken.name} is in use. Rename that role, then restore."
            )


def _purge(workspace_id: str, *, before: int) -> None:
    expired: Any = Application.select().where(
        Application.workspace == workspace_id, Application.uninstalled_at <= before
    )
    for row in list(expired):
        issuer_id = row.issuer_id
        row.delete_instance()
        Issuer.delete().where(Issuer.id == issuer_id, ~Issuer.shared).execute()


def changes(
    services: Services, earlier: Mapping[str, Any], row: Application, raw: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns of an application that new settings change.

    :param earlier: columns that the same change already sets, such as ``overrides``.
    :param raw: only the settings that change; an empty secret changes nothing.
    :raises InputError: with every field that is wrong; under ``""`` when the plugin is missing.
    :raises Conflict: when the new service provider is on the issuer already.
    """
    loaded = services.registry.get(row.integration)
    if loaded is None:
        raise InputError.of(
            "",
            "The plugin of this application is not loaded, so its settings cannot be changed. "
            "Sign-in continues as recorded. You can disable, enable or uninstall it.",
        )
    if not isinstance(raw, Mapping):
        raise InputError.of("settings", "Enter the settings as an object of names and values.")
    merged = settings.merge(services, loaded, row.settings, raw, application_id=row.id)
    values = settings.load(loaded, merged)
    proposal = proposals.propose(services, loaded, values)
    stored = settings.dump(services, loaded, values, application_id=row.id, earlier=row.settings)
    overrides = earlier.get("overrides", row.overrides)
    new, before = snapshots.offered(loaded, proposal), _before(services, loaded, row, merged)
    if before is None or _has_unreviewed_parts(loaded, row, before):
        chosen = {
            name: loaded.form.value(values, name)
            for name in loaded.form.fields.keys() - loaded.form.secret
            if stored.get(name) != row.settings.get(name)
        }
        columns = _columns_without_upgrade(row, overrides, before, new, chosen)
    else:
        columns = proposals.columns(loaded, proposal, overrides=overrides)
        columns["proposed"] = {**row.proposed, **columns["proposed"]}
        untouched = row.mappers == row.proposed.get("mappers")
        if untouched or new.mappers != before.mappers:
            columns["mappers"] = new.mappers
    require_free_sp(row.issuer_id, columns["sp_entity_id"], but=row.id)
    return {"settings": stored, **columns}


def _before(
    services: Services, loaded: LoadedIntegration, row: Application, merged: Mapping[str, Any]
) -> Snapshot | None:
    """Return what the loaded plugin proposes for the stored settings, if it accepts them.

    Fields that a newer plugin requires and that are missing come from the new settings.
    """
    try:
        values = settings.stored_settings(services, loaded, row.settings, application_id=row.id)
    except InputError as error:
        missing = {name.partition(".")[0] for name in error.errors} & merged.keys()
        stored = settings.merge(services, loaded, row.settings, {}, application_id=row.id)
        try:
            values = settings.load(loaded, stored | {name: merged[name] for name in missing})
        except InputError:
            return None
    try:
        return snapshots.offered(loaded, proposals.propose(services, loaded, values))
    except InputError:
        return None


def _has_unreviewed_parts(loaded: LoadedIntegration, row: Application, before: Snapshot) -> bool:
    """Return whether parts of the plugin's proposal were not reviewed yet, or were skipped."""
    skipped = (UpgradeDecision.application == row.id) & (UpgradeDecision.kept != "")
    if is_same_version(loaded, row) and not UpgradeDecision.select().where(skipped).exists():
        return False
    return before != snapshots.recorded(row, like=before)


def _columns_without_upgrade(
    row: Application,
    overrides: Mapping[str, Any],
    before: Snapshot | None,
    new: Snapshot,
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the columns with the changes of the settings, but without those of the upgrade.

    What weakens security waits for the review, unless an admin entered it.

    :param before: what the plugin proposes for the settings before the change. When it refuses
        them, its effect and that of the settings cannot be separated, so the mappers wait too.
    :param chosen: the settings that change.
    """
    recorded = snapshots.recorded(row, like=before or new)
    was = recorded.service_provider
    offered = before.service_provider if before else {}
    base = cautions.without_weakening(
        was,
        merge_fields(offered, was, new.service_provider),
        unreviewed={name for name in was if offered.get(name) != was[name]},
        chosen=chosen,
    )
    mappers_before = before.mappers if before else new.mappers
    provider = apply_checked(service_provider_from_json(base), overrides)
    return {
        "sp_entity_id": provider.entity_id,
        "service_provider": service_provider_to_json(provider),
        "proposed": {
            **row.proposed,
            "service_provider": base,
            "mappers": merge_rows(mappers_before, recorded.mappers, new.mappers)[0],
        },
        "mappers": merge_rows(mappers_before, row.mappers, new.mappers)[0],
    }
