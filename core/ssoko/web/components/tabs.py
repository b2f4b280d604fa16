"""The tabs of the pages of a user, a group, a role, and the settings."""

from flask import render_template, url_for

from ssoko.services.access.roles import RoleView
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView

#: Blueprint to its tabs: endpoint in the blueprint, and label.
TABS = {
    "users": (
        ("details", "Details"),
        ("roles", "Roles & Groups"),
        ("sessions", "Sessions"),
        ("activity", "Activity"),
    ),
    "groups": (("show", "Members"), ("roles", "Roles"), ("settings", "Settings")),
    "roles": (("show", "Assignments"), ("settings", "Settings")),
    "settings": (
        ("show", "Workspace"),
        ("tokens", "API tokens"),
        ("issuers", "Issuers"),
        ("plugins", "Plugins"),
    ),
}


def render_user_tab(tab: str, user: UserView, **values: object) -> str:
    """Render one tab of a user's page."""
    badges = [("ok", "ok", "Active") if user.active else ("bad", "bad", "Disabled")]
    if user.admin:
        badges.append(("now", "shield", "Workspace admin"))
    links = _links("users", user_id=user.id)
    template = f"people/users/{tab}.html"
    return render_template(
        template, user=user, tab=tab, tabs=TABS["users"], tab_links=links, badges=badges, **values
    )


def render_group_tab(tab: str, group: GroupView, **values: object) -> str:
    """Render one tab of a group's page."""
    links = _links("groups", group_id=group.id)
    return render_template(
        f"people/groups/{tab}.html",
        group=group,
        tab=tab,
        tabs=TABS["groups"],
        tab_links=links,
        **values,
    )


def render_role_tab(tab: str, role: RoleView, **values: object) -> str:
    """Render one tab of a role's page."""
    links = _links("roles", role_id=role.id)
    return render_template(
        f"people/roles/{tab}.html",
        role=role,
        tab=tab,
        tabs=TABS["roles"],
        tab_links=links,
        **values,
    )


def render_settings_tab(tab: str, **values: object) -> str:
    """Render one tab of the settings."""
    links = _links("settings")
    return render_template(
        f"settings/{tab}.html", tab=tab, tabs=TABS["settings"], tab_links=links, **values
    )


def _links(page: str, **values: str) -> list[tuple[str, str, str]]:
    return [(key, label, url_for(f"{page}.{key}", **values)) for key, label in TABS[page]]
