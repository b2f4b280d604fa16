"""Create, list and change workspaces (tenants)."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from peewee import IntegrityError

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import Actor, Scope, Services
from ssoko.store.models.table import database
from ssoko.store.models.workspaces import Workspace
from ssoko.text.names import check_name

_SLUG = re.compile(r"[a-z0-9-]{2,40}")

#: An email address or a sentence.
MAX_CONTACT = 300


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    """A workspace.

    :param contact: whom users should contact: an email address, a sentence, or empty.
    :param time_zone: IANA name, such as ``Africa/Nairobi``.
    """

    id: str
    slug: str
    name: str
    contact: str
    time_zone: str
    created_at: int


def create_workspace(
    services: Services, actor: Actor, *, slug: str, name: str, contact: str = ""
) -> WorkspaceView:
    """Create a workspace.

    :param slug: its part of URLs: 2 to 40 of a to z, 0 to 9 and hyphens.
    :raises InputError: with every field that is wrong.
    :raises Conflict: at ``slug``, when a workspace with this slug exists.
    """
    values = check_workspace(slug=slug, name=name, contact=contact)
    now = services.clock()
    with database.atomic():
        try:
            with database.atomic():
                row = Workspace.create(created_at=now, **values)
        except IntegrityError:
            raise Conflict.of(
                "slug", f"The workspace {slug} already exists. Choose another slug"
            ) from None
        log.record(Scope(services, row.id, actor), "workspace.created", target=row)
    return view(row)


def check_workspace(*, slug: object, name: object, contact: object = "") -> dict[str, str]:
    """Return the values of a new workspace, as they are stored.

    :raises InputError: with every field that is wrong.
    """
    errors: dict[str, list[str]] = {}
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug) or slug.strip("-") != slug:
        errors["slug"] = [
            "Use 2 to 40 characters: a to z, 0 to 9, and hyphens between them, such as acme"
        ]
    values = {"slug": str(slug)}
    values |= _texts(errors, name=name, contact=contact)
    if errors:
        raise InputError(errors)
    return values


def get_workspace(slug: str) -> WorkspaceView:
    """Return the workspace with this slug.

    :raises NotFound: when there is none.
    """
    row = Workspace.get_or_none(Workspace.slug == slug) if _SLUG.fullmatch(slug) else None
    if row is None:
        raise NotFound("This workspace does not exist")
    return view(row)


def list_workspaces() -> tuple[WorkspaceView, ...]:
    """Return all workspaces by name."""
    return tuple(map(view, Workspace.select().order_by(Workspace.name, Workspace.id)))


def update_workspace(
    scope: Scope,
    *,
    name: str | None = None,
    contact: str | None = None,
    time_zone: str | None = None,
) -> WorkspaceView:
    """Change the given fields.

    :raises InputError: with every field that is wrong.
    """
    errors: dict[str, list[str]] = {}
    values = _texts(errors, name=name, contact=contact)
    if time_zone is not None:
        values["time_zone"] = time_zone
        if not _is_time_zone(time_zone):
            errors["time_zone"] = ["Choose a time zone like Africa/Nairobi or UTC"]
    if errors:
        raise InputError(errors)
    with database.atomic():
        row = Workspace.get_by_id(scope.workspace_id)
        changed = sorted(key for key, value in values.items() if getattr(row, key) != value)
        if changed:
            Workspace.update(**values).where(Workspace.id == scope.workspace_id).execute()
            row = Workspace.get_by_id(scope.workspace_id)
            log.record(scope, "workspace.changed", target=row, detail={"changed": changed})
    return view(row)


def view(row: Workspace) -> WorkspaceView:
    return WorkspaceView(
        id=row.id,
        slug=row.slug,
        name=row.name,
        contact=row.contact,
        time_zone=row.time_zone,
        created_at=row.created_at,
    )


def _texts(
    errors: dict[str, list[str]], *, name: object | None, contact: object | None
) -> dict[str, str]:
    values: dict[str, str] = {}
    for field, given, required, longest in (
        ("name", name, True, 100),
        ("contact", contact, False, MAX_CONTACT),
    ):
        if given is None:
            continue
        try:
            values[field] = check_name(given, field=field, required=required, longest=longest)
        except InputError as error:
            errors |= error.errors
    return values


def _is_time_zone(name: object) -> bool:
    try:
        ZoneInfo(str(name))
    except (ValueError, OSError):
        # ZoneInfoNotFoundError is a KeyError.
        return False
    except KeyError:
        return False
    return True
