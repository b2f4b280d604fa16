"""Users, groups, roles and assignments."""

from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.schemas.access import AssignmentSchema, RoleSchema
from ssoko.schemas.output import complete, page_of
from ssoko.schemas.people import GroupSchema, UserSchema
from ssoko.services.access import assignments, roles
from ssoko.services.access.assignments import AssignmentView
from ssoko.services.access.roles import RoleView
from ssoko.services.people import groups, users
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.store.paging import Page
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/users", query=inputs.UserQuery, returns=page_of(UserSchema))
def list_users(call: Call) -> Page[UserView]:
    """List users. The search covers names, usernames and email addresses."""
    return users.list_users(call.workspace.id, **call.query)


@endpoint(
    "POST",
    "/users",
    scope="admin",
    body=inputs.NewUser,
    returns=UserSchema,
    created=True,
    errors=(409,),
)
def create_user(call: Call) -> Created:
    """Create a user."""
    user = users.create_user(call.scope, **call.body)
    return Created(user, f"/users/{user.id}")


@endpoint("GET", "/users/<id:user>", returns=UserSchema)
def show_user(call: Call, user: str) -> UserView:
    """Return a user."""
    return users.get_user(call.workspace.id, user)


@endpoint(
    "PATCH",
    "/users/<id:user>",
    scope="admin",
    body=inputs.UserChange,
    returns=UserSchema,
    errors=(409,),
)
def change_user(call: Call, user: str) -> UserView:
    """Change a user. A new password, or disabling the user, ends all of their sessions."""
    return users.update_user(call.scope, user, **call.body)


@endpoint("DELETE", "/users/<id:user>", scope="admin", errors=(409,))
def delete_user(call: Call, user: str) -> None:
    """Delete a user."""
    users.delete_user(call.scope, user)


@endpoint(
    "GET", "/users/<id:user>/roles", query=inputs.PartQuery, returns=page_of(AssignmentSchema)
)
def list_user_roles(call: Call, user: str) -> Page[AssignmentView]:
    """List the roles of a user, assigned directly and through groups."""
    users.get_user(call.workspace.id, user)
    return complete(assignments.assignments_of_user(call.scope, user))


@endpoint(
    "POST",
    "/users/<id:user>/roles",
    scope="admin",
    body=inputs.NewAssignment,
    returns=AssignmentSchema,
    created=True,
)
def assign_user_role(call: Call, user: str) -> Created:
    """Assign a role to a user, or change when the assignment expires."""
    users.get_user(call.workspace.id, user)
    assignment = _assign(call, user_id=user)
    return Created(assignment, f"/users/{user}/roles/{assignment.role.id}")


@endpoint("DELETE", "/users/<id:user>/roles/<id:role>", scope="admin")
def remove_user_role(call: Call, user: str, role: str) -> None:
    """Remove a role that is assigned to the user directly."""
    assignments.remove_role(call.scope, role_id=role, user_id=user)


@endpoint("GET", "/groups", query=inputs.SearchQuery, returns=page_of(GroupSchema))
def list_groups(call: Call) -> Page[GroupView]:
    """List groups."""
    return groups.list_groups(call.workspace.id, **call.query)


@endpoint(
    "POST",
    "/groups",
    scope="admin",
    body=inputs.NewGroup,
    returns=GroupSchema,
    created=True,
    errors=(409,),
)
def create_group(call: Call) -> Created:
    """Create a group."""
    group = groups.create_group(call.scope, **call.body)
    return Created(group, f"/groups/{group.id}")


@endpoint("GET", "/groups/<id:group>", returns=GroupSchema)
def show_group(call: Call, group: str) -> GroupView:
    """Return a group."""
    return groups.get_group(call.workspace.id, group)


@endpoint(
    "PATCH",
    "/groups/<id:group>",
    scope="admin",
    body=inputs.GroupChange,
    returns=GroupSchema,
    errors=(409,),
)
def change_group(call: Call, group: str) -> GroupView:
    """Change the name or description of a group."""
    return groups.update_group(call.scope, group, **call.body)


@endpoint("DELETE", "/groups/<id:group>", scope="admin")
def delete_group(call: Call, group: str) -> None:
    """Delete a group. Its members lose the roles that they have through it."""
    groups.delete_group(call.scope, group)


@endpoint("GET", "/groups/<id:group>/members", query=inputs.PageQuery, returns=page_of(UserSchema))
def list_members(call: Call, group: str) -> Page[UserView]:
    """List the members of a group."""
    return groups.list_members(call.workspace.id, group, **call.query)


@endpoint(
    "POST",
    "/groups/<id:group>/members",
    scope="admin",
    body=inputs.NewMember,
    returns=UserSchema,
    created=True,
)
def add_member(call: Call, group: str) -> Created:
    """Add a user to a group."""
    groups.get_group(call.workspace.id, group)
    try:
        user = users.get_user(call.workspace.id, call.body["user"])
    except NotFound as error:
        raise InputError.of("user", str(error)) from None
    groups.add_member(call.scope, group, user.id)
    return Created(user, f"/groups/{group}/members/{user.id}")


@endpoint("DELETE", "/groups/<id:group>/members/<id:user>", scope="admin")
def remove_member(call: Call, group: str, user: str) -> None:
    """Remove a user from a group."""
    groups.remove_member(call.scope, group, user)


@endpoint(
    "POST",
    "/groups/<id:group>/roles",
    scope="admin",
    body=inputs.NewAssignment,
    returns=AssignmentSchema,
    created=True,
)
def assign_group_role(call: Call, group: str) -> Created:
    """Assign a role to a group, or change when the assignment expires."""
    groups.get_group(call.workspace.id, group)
    assignment = _assign(call, group_id=group)
    return Created(assignment, f"/groups/{group}/roles/{assignment.role.id}")


@endpoint("DELETE", "/groups/<id:group>/roles/<id:role>", scope="admin")
def remove_group_role(call: Call, group: str, role: str) -> None:
    """Remove a role from a group."""
    assignments.remove_role(call.scope, role_id=role, group_id=group)


@endpoint("GET", "/roles", query=inputs.RoleQuery, returns=page_of(RoleSchema))
def list_roles(call: Call) -> Page[RoleView]:
    """List roles, all or those of an application."""
    query = dict(call.query)
    application = query.pop("application")
    return roles.list_roles(call.workspace.id, application_id=application, **query)


@endpoint(
    "POST",
    "/roles",
    scope="admin",
    body=inputs.NewRole,
    returns=RoleSchema,
    created=True,
    errors=(409,),
)
def create_role(call: Call) -> Created:
    """Create a role. With an application, it gives access to it."""
    body = dict(call.body)
    application = body.pop("application")
    role = roles.create_role(call.scope, application_id=application, **body)
    return Created(role, f"/roles/{role.id}")


@endpoint("GET", "/roles/<id:role>", returns=RoleSchema)
def show_role(call: Call, role: str) -> RoleView:
    """Return a role."""
    return roles.get_role(call.workspace.id, role)


@endpoint(
    "PATCH",
    "/roles/<id:role>",
    scope="admin",
    body=inputs.RoleChange,
    returns=RoleSchema,
    errors=(409,),
)
def change_role(call: Call, role: str) -> RoleView:
    """Change the name, description or attributes of a role."""
    return roles.update_role(call.scope, role, **call.body)


@endpoint("DELETE", "/roles/<id:role>", scope="admin", errors=(409,))
def delete_role(call: Call, role: str) -> None:
    """Delete a role. The default role of an installed application cannot be deleted."""
    roles.delete_role(call.scope, role)


@endpoint(
    "GET",
    "/roles/<id:role>/assignments",
    query=inputs.PageQuery,
    returns=page_of(AssignmentSchema),
)
def list_assignments(call: Call, role: str) -> Page[AssignmentView]:
    """List the users and groups that have a role."""
    roles.get_role(call.workspace.id, role)
    return assignments.assignments_of_role(call.scope, role, **call.query)


def _assign(call: Call, **assignee: Any) -> AssignmentView:
    try:
        role = roles.find_role(call.workspace.id, call.body["role"])
    except NotFound as error:
        raise InputError.of("role", str(error)) from None
    (assignment,) = assignments.assign_roles(
        call.scope,
        role_ids=[role.id],
        expires_at=call.body["expires_at"],
        **assignee,
    )
    return assignment
