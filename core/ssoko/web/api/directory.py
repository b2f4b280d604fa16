"""Users, groups, roles, and who has which."""

from typing import Any

from ssoko.errors import InputError, NotFound
from ssoko.services import access, groups, roles, users
from ssoko.web.api import render, schemas
from ssoko.web.api.endpoint import Call, Created, endpoint


@endpoint("GET", "/users", query=schemas.UserQuery)
def list_users(call: Call) -> render.Json:
    """List users; q searches names, user names and e-mail addresses."""
    return render.page(users.list_users(call.workspace.id, **call.query), render.user)


@endpoint("POST", "/users", scope="admin", body=schemas.NewUser, created=True)
def create_user(call: Call) -> Created:
    """Create a user."""
    made = users.create_user(call.services, call.workspace.id, call.actor, **call.body)
    return Created(render.user(made), f"/users/{made.id}")


@endpoint("GET", "/users/<id:user>")
def show_user(call: Call, user: str) -> render.Json:
    """Read one user."""
    return render.user(users.get_user(call.workspace.id, user))


@endpoint("PATCH", "/users/<id:user>", scope="admin", body=schemas.UserChange)
def change_user(call: Call, user: str) -> render.Json:
    """Change a user; only what is sent. A new password or active: false ends the sessions."""
    changed = users.update_user(call.services, call.workspace.id, call.actor, user, **call.body)
    return render.user(changed)


@endpoint("DELETE", "/users/<id:user>", scope="admin")
def delete_user(call: Call, user: str) -> None:
    """Delete a user."""
    users.delete_user(call.services, call.workspace.id, call.actor, user)


@endpoint("GET", "/users/<id:user>/roles")
def list_user_roles(call: Call, user: str) -> render.Json:
    """List the grants of a user, direct and through groups."""
    users.get_user(call.workspace.id, user)
    found = access.grants_of_user(call.services, call.workspace.id, user)
    return render.whole(found, render.grant)


@endpoint("POST", "/users/<id:user>/roles", scope="admin", body=schemas.NewGrant, created=True)
def give_user_role(call: Call, user: str) -> Created:
    """Give a user a role, named by its id or its name; again to change when it ends."""
    users.get_user(call.workspace.id, user)
    made = _grant(call, user_id=user)
    return Created(render.grant(made), f"/users/{user}/roles/{made.role.id}")


@endpoint("DELETE", "/users/<id:user>/roles/<id:role>", scope="admin")
def take_user_role(call: Call, user: str, role: str) -> None:
    """Take a role that was given to the user directly."""
    access.revoke_role(call.services, call.workspace.id, call.actor, role_id=role, user_id=user)


@endpoint("GET", "/groups", query=schemas.SearchQuery)
def list_groups(call: Call) -> render.Json:
    """List groups."""
    return render.page(groups.list_groups(call.workspace.id, **call.query), render.group)


@endpoint("POST", "/groups", scope="admin", body=schemas.NewGroup, created=True)
def create_group(call: Call) -> Created:
    """Create a group."""
    made = groups.create_group(call.services, call.workspace.id, call.actor, **call.body)
    return Created(render.group(made), f"/groups/{made.id}")


@endpoint("GET", "/groups/<id:group>")
def show_group(call: Call, group: str) -> render.Json:
    """Read one group."""
    return render.group(groups.get_group(call.workspace.id, group))


@endpoint("PATCH", "/groups/<id:group>", scope="admin", body=schemas.GroupChange)
def change_group(call: Call, group: str) -> render.Json:
    """Change a group; only what is sent."""
    changed = groups.update_group(call.services, call.workspace.id, call.actor, group, **call.body)
    return render.group(changed)


@endpoint("DELETE", "/groups/<id:group>", scope="admin")
def delete_group(call: Call, group: str) -> None:
    """Delete a group; its members lose the roles that they had through it."""
    groups.delete_group(call.services, call.workspace.id, call.actor, group)


@endpoint("GET", "/groups/<id:group>/members", query=schemas.PageQuery)
def list_members(call: Call, group: str) -> render.Json:
    """List the members of a group."""
    return render.page(groups.list_members(call.workspace.id, group, **call.query), render.user)


@endpoint("POST", "/groups/<id:group>/members", scope="admin", body=schemas.NewMember, created=True)
def add_member(call: Call, group: str) -> Created:
    """Add a user, named by id, to a group."""
    groups.get_group(call.workspace.id, group)
    try:
        member = users.get_user(call.workspace.id, call.body["user"])
    except NotFound as error:
        raise InputError.of("user", str(error)) from None
    groups.add_member(call.services, call.workspace.id, call.actor, group, member.id)
    return Created(render.user(member), f"/groups/{group}/members/{member.id}")


@endpoint("DELETE", "/groups/<id:group>/members/<id:user>", scope="admin")
def remove_member(call: Call, group: str, user: str) -> None:
    """Remove a user from a group."""
    groups.remove_member(call.services, call.workspace.id, call.actor, group, user)


@endpoint("POST", "/groups/<id:group>/roles", scope="admin", body=schemas.NewGrant, created=True)
def give_group_role(call: Call, group: str) -> Created:
    """Give all members of a group a role."""
    groups.get_group(call.workspace.id, group)
    made = _grant(call, group_id=group)
    return Created(render.grant(made), f"/groups/{group}/roles/{made.role.id}")


@endpoint("DELETE", "/groups/<id:group>/roles/<id:role>", scope="admin")
def take_group_role(call: Call, group: str, role: str) -> None:
    """Take a role from a group."""
    access.revoke_role(call.services, call.workspace.id, call.actor, role_id=role, group_id=group)


@endpoint("GET", "/roles", query=schemas.RoleQuery)
def list_roles(call: Call) -> render.Json:
    """List roles, all or those of one application."""
    query = dict(call.query)
    application = query.pop("application")
    found = roles.list_roles(call.workspace.id, application_id=application, **query)
    return render.page(found, render.role)


@endpoint("POST", "/roles", scope="admin", body=schemas.NewRole, created=True)
def create_role(call: Call) -> Created:
    """Create a role; one that names an application opens it."""
    sent = dict(call.body)
    application = sent.pop("application")
    made = roles.create_role(
        call.services, call.workspace.id, call.actor, application_id=application, **sent
    )
    return Created(render.role(made), f"/roles/{made.id}")


@endpoint("GET", "/roles/<id:role>")
def show_role(call: Call, role: str) -> render.Json:
    """Read one role."""
    return render.role(roles.get_role(call.workspace.id, role))


@endpoint("PATCH", "/roles/<id:role>", scope="admin", body=schemas.RoleChange)
def change_role(call: Call, role: str) -> render.Json:
    """Change a role; only what is sent."""
    changed = roles.update_role(call.services, call.workspace.id, call.actor, role, **call.body)
    return render.role(changed)


@endpoint("DELETE", "/roles/<id:role>", scope="admin")
def delete_role(call: Call, role: str) -> None:
    """Delete a role; the default role of an installed application stays."""
    roles.delete_role(call.services, call.workspace.id, call.actor, role)


@endpoint("GET", "/roles/<id:role>/grants", query=schemas.PageQuery)
def list_grants(call: Call, role: str) -> render.Json:
    """List the users and groups that have a role."""
    roles.get_role(call.workspace.id, role)
    found = access.grants_of_role(call.services, call.workspace.id, role, **call.query)
    return render.page(found, render.grant)


def _grant(call: Call, **whom: Any) -> access.GrantView:
    try:
        role = roles.find_role(call.workspace.id, call.body["role"])
    except NotFound as error:
        raise InputError.of("role", str(error)) from None
    (made,) = access.grant_roles(
        call.services,
        call.workspace.id,
        call.actor,
        role_ids=[role.id],
        expires_at=call.body["expires_at"],
        **whom,
    )
    return made
