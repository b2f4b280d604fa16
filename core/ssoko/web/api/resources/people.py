"""Users, groups, roles, and who has which."""

from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.schemas import dump
from ssoko.services.access import assignments, roles
from ssoko.services.people import groups, users
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/users", query=inputs.UserQuery)
def list_users(call: Call) -> dump.Json:
    """List users; q searches names, usernames and emails."""
    return dump.page(users.list_users(call.workspace.id, **call.query), dump.user)


@endpoint("POST", "/users", scope="admin", body=inputs.NewUser, created=True)
def create_user(call: Call) -> Created:
    """Create a user."""
    made = users.create_user(call.scope, **call.body)
    return Created(dump.user(made), f"/users/{made.id}")


@endpoint("GET", "/users/<id:user>")
def show_user(call: Call, user: str) -> dump.Json:
    """Read one user."""
    return dump.user(users.get_user(call.workspace.id, user))


@endpoint("PATCH", "/users/<id:user>", scope="admin", body=inputs.UserChange)
def change_user(call: Call, user: str) -> dump.Json:
    """Change a user; only what is sent. A new password or active: false ends the sessions."""
    changed = users.update_user(call.scope, user, **call.body)
    return dump.user(changed)


@endpoint("DELETE", "/users/<id:user>", scope="admin")
def delete_user(call: Call, user: str) -> None:
    """Delete a user."""
    users.delete_user(call.scope, user)


@endpoint("GET", "/users/<id:user>/roles")
def list_user_roles(call: Call, user: str) -> dump.Json:
    """List the assignments of a user, direct and through groups."""
    users.get_user(call.workspace.id, user)
    found = assignments.assignments_of_user(call.scope, user)
    return dump.whole(found, dump.assignment)


@endpoint("POST", "/users/<id:user>/roles", scope="admin", body=inputs.NewAssignment, created=True)
def give_user_role(call: Call, user: str) -> Created:
    """Give a user a role, named by its id or its name; again to change when it ends."""
    users.get_user(call.workspace.id, user)
    made = _assignment(call, user_id=user)
    return Created(dump.assignment(made), f"/users/{user}/roles/{made.role.id}")


@endpoint("DELETE", "/users/<id:user>/roles/<id:role>", scope="admin")
def take_user_role(call: Call, user: str, role: str) -> None:
    """Take a role that was given to the user directly."""
    assignments.remove_role(call.scope, role_id=role, user_id=user)


@endpoint("GET", "/groups", query=inputs.SearchQuery)
def list_groups(call: Call) -> dump.Json:
    """List groups."""
    return dump.page(groups.list_groups(call.workspace.id, **call.query), dump.group)


@endpoint("POST", "/groups", scope="admin", body=inputs.NewGroup, created=True)
def create_group(call: Call) -> Created:
    """Create a group."""
    made = groups.create_group(call.scope, **call.body)
    return Created(dump.group(made), f"/groups/{made.id}")


@endpoint("GET", "/groups/<id:group>")
def show_group(call: Call, group: str) -> dump.Json:
    """Read one group."""
    return dump.group(groups.get_group(call.workspace.id, group))


@endpoint("PATCH", "/groups/<id:group>", scope="admin", body=inputs.GroupChange)
def change_group(call: Call, group: str) -> dump.Json:
    """Change a group; only what is sent."""
    changed = groups.update_group(call.scope, group, **call.body)
    return dump.group(changed)


@endpoint("DELETE", "/groups/<id:group>", scope="admin")
def delete_group(call: Call, group: str) -> None:
    """Delete a group; its members lose the roles that they had through it."""
    groups.delete_group(call.scope, group)


@endpoint("GET", "/groups/<id:group>/members", query=inputs.PageQuery)
def list_members(call: Call, group: str) -> dump.Json:
    """List the members of a group."""
    return dump.page(groups.list_members(call.workspace.id, group, **call.query), dump.user)


@endpoint("POST", "/groups/<id:group>/members", scope="admin", body=inputs.NewMember, created=True)
def add_member(call: Call, group: str) -> Created:
    """Add a user, named by id, to a group."""
    groups.get_group(call.workspace.id, group)
    try:
        member = users.get_user(call.workspace.id, call.body["user"])
    except NotFound as error:
        raise InputError.of("user", str(error)) from None
    groups.add_member(call.scope, group, member.id)
    return Created(dump.user(member), f"/groups/{group}/members/{member.id}")


@endpoint("DELETE", "/groups/<id:group>/members/<id:user>", scope="admin")
def remove_member(call: Call, group: str, user: str) -> None:
    """Remove a user from a group."""
    groups.remove_member(call.scope, group, user)


@endpoint(
    "POST", "/groups/<id:group>/roles", scope="admin", body=inputs.NewAssignment, created=True
)
def give_group_role(call: Call, group: str) -> Created:
    """Give all members of a group a role."""
    groups.get_group(call.workspace.id, group)
    made = _assignment(call, group_id=group)
    return Created(dump.assignment(made), f"/groups/{group}/roles/{made.role.id}")


@endpoint("DELETE", "/groups/<id:group>/roles/<id:role>", scope="admin")
def take_group_role(call: Call, group: str, role: str) -> None:
    """Take a role from a group."""
    assignments.remove_role(call.scope, role_id=role, group_id=group)


@endpoint("GET", "/roles", query=inputs.RoleQuery)
def list_roles(call: Call) -> dump.Json:
    """List roles, all or those of one application."""
    query = dict(call.query)
    application = query.pop("application")
    found = roles.list_roles(call.workspace.id, application_id=application, **query)
    return dump.page(found, dump.role)


@endpoint("POST", "/roles", scope="admin", body=inputs.NewRole, created=True)
def create_role(call: Call) -> Created:
    """Create a role; one that names an application opens it."""
    sent = dict(call.body)
    application = sent.pop("application")
    made = roles.create_role(call.scope, application_id=application, **sent)
    return Created(dump.role(made), f"/roles/{made.id}")


@endpoint("GET", "/roles/<id:role>")
def show_role(call: Call, role: str) -> dump.Json:
    """Read one role."""
    return dump.role(roles.get_role(call.workspace.id, role))


@endpoint("PATCH", "/roles/<id:role>", scope="admin", body=inputs.RoleChange)
def change_role(call: Call, role: str) -> dump.Json:
    """Change a role; only what is sent."""
    changed = roles.update_role(call.scope, role, **call.body)
    return dump.role(changed)


@endpoint("DELETE", "/roles/<id:role>", scope="admin")
def delete_role(call: Call, role: str) -> None:
    """Delete a role; the default role of an installed application stays."""
    roles.delete_role(call.scope, role)


@endpoint("GET", "/roles/<id:role>/assignments", query=inputs.PageQuery)
def list_assignments(call: Call, role: str) -> dump.Json:
    """List the users and groups that have a role."""
    roles.get_role(call.workspace.id, role)
    found = assignments.assignments_of_role(call.scope, role, **call.query)
    return dump.page(found, dump.assignment)


def _assignment(call: Call, **whom: Any) -> assignments.AssignmentView:
    try:
        role = roles.find_role(call.workspace.id, call.body["role"])
    except NotFound as error:
        raise InputError.of("role", str(error)) from None
    (made,) = assignments.assign_roles(
        call.scope,
        role_ids=[role.id],
        expires_at=call.body["expires_at"],
        **whom,
    )
    return made
