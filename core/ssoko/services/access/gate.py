"""The access rule, as a pure function."""

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
    """Return ``ok``, or the first reason why access is denied.

    :param has_role: the user, or a group of the user, has an active assignment.
    :param had_role: the user, or a group of the user, has an expired assignment.
    """
    if not same_workspace:
        # Users of another workspace must learn nothing about the application.
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
