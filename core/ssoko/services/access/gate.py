"""The one rule that decides about access, without a database."""

from typing import Literal

Code = Literal[
    "ok",
    "no-role",
    "role-expired",
    "user-disabled",
    "application-disabled",
    "application-uninstalled",
]


def gate(
    *,
    user_active: bool,
    same_workspace: bool,
    application_enabled: bool,
    application_installed: bool,
    has_role: bool,
    had_role: bool,
) -> Code:
    """Return ``ok``, or the first reason against.

    :param has_role: an assignment counts now, given to the user or to one of their groups.
    :param had_role: such an assignment has expired.
    """
    if not same_workspace:
        # Nothing about the application is for people of another workspace to know.
        return "no-role"
    if not application_installed:
        return "application-uninstalled"
    if not application_enabled:
        return "application-disabled"
    if not user_active:
        return "user-disabled"
    if has_role:
        return "ok"
    return "role-expired" if had_role else "no-role"
