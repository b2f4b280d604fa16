"""Roles: create, change and delete them. A role can give access to an application."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import JOIN, IntegrityError, ModelSelect, Tuple, fn

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.services.activity import log
from ssoko.services.context import UNSET, Scope, Unset
from ssoko.services.people.user_fields import check_attributes
from ssoko.store.counting import capped_count
from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.applications import Application
from ssoko.store.models.table import database
from ssoko.store.paging import Page, check_limit, count_rows, cut, decode_cursor
from ssoko.text.names import check_name, fold, is_id, is_text, search_terms


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role.

    :param application_id: the application that it gives access to, or None.
    :param is_default: created with the application.
    :param attributes: key to a text or a list of texts, for assertions.
    :param assignment_count: number of its assignments, including expired ones; at most
        :data:`~ssoko.store.counting.MOST`.
    """

    id: str
    name: str
    description: str
    application_id: str | None
    application_name: str | None
    is_default: bool
    attributes: dict[str, Any]
    assignment_count: int
    created_at: int


def row_of(workspace_id: str, role_id: str) -> Role:
    """Return the row of a role that is not archived, with its application and assignment count.

    :raises NotFound: when there is none of this id in the workspace.
    """
    row: Role | None = None
    if is_id(role_id):
        row = select_roles(workspace_id).where(Role.id == role_id).first()
    if row is None:
        raise NotFound("This role does not exist")
    return row


def rows_of(workspace_id: str, role_ids: Sequence[str]) -> list[Role]:
    """Return the rows of roles in the order of their ids.

    :raises NotFound: when one of them is not in the workspace.
    """
    requested = [role_id for role_id in dict.fromkeys(role_ids) if is_id(role_id)]
    found = {row.id: row for row in select_roles(workspace_id).where(Role.id.in_(requested))}
    if len(found) < len(set(role_ids)):
        raise NotFound("This role does not exist")
    return [found[role_id] for role_id in requested]


def views_of(role_ids: Iterable[str], workspace_id: str) -> dict[str, RoleView]:
    """Return the views of roles by ID, without roles that don't exist."""
    requested = list(dict.fromkeys(role_ids))
    if not requested:
        return {}
    return {row.id: view(row) for row in select_roles(workspace_id).where(Role.id.in_(requested))}


def select_roles(workspace_id: str) -> "ModelSelect[Role]":
    """Select the roles that are not archived, with application and assignment count."""
    counted = capped_count(Assignment, "role_id", Role.id).alias("assignment_count")
    return (
        Role.select(Role, Application.id, Application.name, counted)
        .join(Application, JOIN.LEFT_OUTER)
        .where(Role.workspace == workspace_id, Role.removed_at.is_null())
    )


def view(row: Role) -> RoleView:
    """Return the view of a row from :func:`select_roles`."""
    application = row.application
    return RoleView(
        id=row.id,
        name=row.name,
        description=row.description,
        application_id=row.application_id,
        application_name=application.name if application is not None else None,
        is_default=row.is_default,
        attributes=row.attributes,
        assignment_count=row.assignment_count,
        created_at=row.created_at,
    )


MAX_DESCRIPTION = 500


def create_role(
    scope: Scope,
    *,
    name: str,
    description: str = "",
    application_id: str | None = None,
    attributes: dict[str, Any] | None = None,
) -> RoleView:
    """Create a role.

    :param application_id: the application that it gives access to, if any.
    :raises InputError: with every field that is wrong.
    :raises Conflict: at ``name``, when there is one that looks the same.
    """
    values = _values(name=name, description=description, attributes=attributes or {})
    now = scope.services.clock()
    with database.atomic():
        if application_id:
            values["application"] = _application(scope.workspace_id, application_id)
        try:
            with database.atomic():
                row = Role.create(workspace=scope.workspace_id, created_at=now, **values)
        except IntegrityError:
            raise _taken() from None
        log.record(scope, "role.created", target=row)
    return get_role(scope.workspace_id, row.id)


def get_role(workspace_id: str, role_id: str) -> RoleView:
    """Return a role.

    :raises NotFound: when there is none of this id in the workspace.
    """
    return view(row_of(workspace_id, role_id))


def find_role(workspace_id: str, id_or_name: str) -> RoleView:
    """Return the role with this id, or else with this name.

    :raises NotFound: when there is none.
    """
    try:
        return get_role(workspace_id, id_or_name)
    except NotFound:
        if not is_text(id_or_name) or len(id_or_name) > 300:
            raise
    try:
        key = fold(id_or_name)
    except InputError:
        raise NotFound("This role does not exist") from None
    row = select_roles(workspace_id).where(Role.name_key == key).first()
    if row is None:
        raise NotFound("This role does not exist")
    return view(row)


def list_roles(
    workspace_id: str,
    *,
    q: str = "",
    application_id: str | None = None,
    unless: Any = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[RoleView]:
    """List roles by name.

    :param q: words that the name, or the application's name, must contain.
    :param application_id: return only roles of this application.
    :param unless: exclude roles that meet this condition on :class:`Role`.
    """
    check_limit(limit)
    after = decode_cursor(cursor, length=2)
    query = _matching(workspace_id, q)
    if application_id:
        query = query.where(Role.application == (application_id if is_id(application_id) else ""))
    if unless is not None:
        query = query.where(~unless)
    if after is not None:
        query = query.where(Tuple(Role.name_key, Role.id) > Tuple(*after))
    rows = list(query.order_by(Role.name_key, Role.id).limit(limit + 1))
    return cut(rows, limit, key=lambda row: (row.name_key, row.id), view=view)


def count_roles(workspace_id: str, *, q: str = "") -> int:
    """Count the roles that :func:`list_roles` lists, up to ``MOST_COUNTED``."""
    return count_rows(_matching(workspace_id, q))


def _matching(workspace_id: str, q: str) -> Any:
    query = select_roles(workspace_id)
    for term in search_terms(q):
        query = query.where(
            Role.name_key.contains(term) | fn.COALESCE(Application.name_key, "").contains(term)
        )
    return query


def update_role(
    scope: Scope,
    role_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    application_id: str | None | Unset = UNSET,
    attributes: dict[str, Any] | None = None,
) -> RoleView:
    """Change the given fields.

    :param application_id: None removes the link to its application; not allowed for a default role.
    :raises InputError: with every field that is wrong.
    :raises Conflict: at ``name``, when there is one that looks the same.
    """
    values = _values(name=name, description=description, attributes=attributes)
    with database.atomic():
        row = row_of(scope.workspace_id, role_id)
        if not isinstance(application_id, Unset) and application_id != row.application_id:
            if row.is_default:
                raise Conflict.of(
                    "application_id", "You cannot change the application of a default role"
                )
            values["application_id"] = (
                _application(scope.workspace_id, application_id).id if application_id else None
            )
        changed = sorted(k for k, v in values.items() if getattr(row, k) != v)
        if changed:
            try:
                with database.atomic():
                    Role.update(**_columns(values)).where(Role.id == row.id).execute()
            except IntegrityError:
                raise _taken() from None
            row = row_of(scope.workspace_id, role_id)
            fields = [field for field in changed if field != "name_key"]
            log.record(scope, "role.changed", target=row, detail={"changed": fields})
    return view(row)


def delete_role(scope: Scope, role_id: str) -> None:
    """Delete a role with its assignments.

    :raises Conflict: when it is the default role of an application that is installed.
    """
    with database.atomic():
        row = row_of(scope.workspace_id, role_id)
        if row.is_default and row.application is not None:
            raise Conflict.of(
                "",
                f"This is the default role of {row.application.name}; uninstall the application "
                "to remove it, or remove the role from its users and groups.",
            )
        Role.delete().where(Role.id == row.id).execute()
        log.record(scope, "role.deleted", target=row)


def _application(workspace_id: str, application_id: str) -> Application:
    row: Application | None = (
        Application.get_or_none(
            Application.workspace == workspace_id,
            Application.id == application_id,
            Application.uninstalled_at.is_null(),
        )
        if is_id(application_id)
        else None
    )
    if row is None:
        raise InputError.of("application_id", "Choose an installed application")
    return row


def _values(
    *, name: str | None, description: str | None, attributes: dict[str, Any] | None
) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    try:
        if name is not None:
            values["name"] = check_name(name)
            values["name_key"] = fold(values["name"])
    except InputError as error:
        errors |= error.errors
    try:
        if description is not None:
            values["description"] = check_name(
                description, field="description", required=False, longest=MAX_DESCRIPTION
            )
    except InputError as error:
        errors |= error.errors
    try:
        if attributes is not None:
            values["attributes"] = check_attributes(attributes)
    except InputError as error:
        errors |= error.errors
    if errors:
        raise InputError(errors)
    return values


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    return {"application" if k == "application_id" else k: v for k, v in values.items()}


def _taken() -> InputError:
    return Conflict.of(
        "name",
        "This name, or one that looks the same, is used by another role. Choose another name",
    )
