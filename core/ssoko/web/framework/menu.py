"""The main menu of the admin pages."""

from dataclasses import dataclass

from flask import current_app, url_for


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu.

    :param below: label of a second entry, one level lower, for the same page.
    """

    key: str
    label: str
    icon: str
    endpoint: str
    below: str = ""

    @property
    def href(self) -> str:
        return url_for(self.endpoint)


MENU = (
    MenuItem("home", "Dashboard", "dashboard", "home.show"),
    MenuItem(
        "marketplace", "Marketplace", "store", "marketplace.list_integrations", "SSO Integrations"
    ),
    MenuItem("applications", "Applications", "window", "applications.list_applications", "SSO"),
    MenuItem("users", "Users", "user", "users.index"),
    MenuItem("admins", "Workspace Admins", "shield", "users.admins"),
    MenuItem("roles", "Roles", "key", "roles.index"),
    MenuItem("groups", "Groups", "users", "groups.index"),
    MenuItem("activity", "Activity", "activity", "activity.index"),
    MenuItem("settings", "Settings", "sliders", "settings.show"),
    # Only on the site of `ssoko dev`.
    MenuItem("dev", "Plugin preview", "puzzle", "dev.list_plugins"),
)


def menu_items() -> list[MenuItem]:
    """Return the entries whose pages this app has."""
    return [item for item in MENU if item.endpoint in current_app.view_functions]
