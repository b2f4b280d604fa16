"""Preview of an assertion for one user, and the check whether the vendor would accept it."""

from dataclasses import dataclass

from flask import url_for

from ssoko.errors import NotFound
from ssoko.services.applications.views import ApplicationView
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting import check, preview
from ssoko.services.troubleshooting.check import Report
from ssoko.services.troubleshooting.explanations import explanation_of
from ssoko.web.applications.page import find_application, render_tab
from ssoko.web.framework.responses import argument
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_user,
    current_workspace,
)

#: State of a finding to the kind, icon and label of its badge.
FINDING_BADGES = {
    "pass": ("ok", "check", "Pass"),
    "check": ("warn", "warn", "Check"),
    "fail": ("bad", "bad", "Fail"),
}


@dataclass(frozen=True, slots=True)
class UserChoice:
    """The user that a page is about, or suggestions when the search text matches no user."""

    typed: str
    user: UserView | None
    suggestions: tuple[UserView, ...] = ()


@admin_only
def preview_assertion(slug: str) -> str:
    """Show the NameID, the attributes and the assertion that a user would get."""
    application = find_application(slug)
    choice = choose_user(application, argument("person"))
    sign_in = None
    if choice.user:
        sign_in = preview.preview_sign_in(current_scope(), application.id, user_id=choice.user.id)
    return render_tab(
        "mappers",
        application,
        template="preview",
        choice=choice,
        preview=sign_in,
        explain=explanation_of,
    )


@admin_only
def check_connection(slug: str) -> str:
    """Check the response that a user would get against the rules of the vendor."""
    application = find_application(slug)
    choice = choose_user(application, argument("person"))
    report = _check_user(application, choice.user) if choice.user else None
    return render_tab(
        "overview",
        application,
        template="check",
        choice=choice,
        report=report,
        badges_of=FINDING_BADGES,
        fixes=_fix_links(application, report) if report else {},
    )


def check_default_user(application: ApplicationView) -> Report:
    """Check for a user who has access, or for the signed-in admin when nobody has."""
    return _check_user(application, _default_user(application))


def choose_user(application: ApplicationView, typed: str) -> UserChoice:
    """Return the user with this username or email, or a user who has access when it is empty."""
    if not typed:
        return UserChoice("", _default_user(application))
    workspace = current_workspace()
    try:
        user = preview.find_user(workspace.id, typed)
    except NotFound:
        return UserChoice(typed, None, users.list_users(workspace.id, q=typed, limit=6).items)
    return UserChoice(user.username, user)


def _default_user(application: ApplicationView) -> UserView:
    admin = current_user()
    user = preview.default_user(current_scope(), application.id, preferred=admin.id)
    return user or admin


def _check_user(application: ApplicationView, user: UserView) -> Report:
    return check.check(current_scope(), application.id, user_id=user.id)


def _fix_links(application: ApplicationView, report: Report) -> dict[str, tuple[str, str]]:
    """Return label and URL of the page where a finding is fixed, by ``Finding.place``."""
    user, slug = report.preview.user, application.slug
    role = application.default_role.id if application.default_role else None
    return {
        "saml": ("Open SAML settings", url_for("applications.edit_saml_settings", slug=slug)),
        "mappers": ("Open Mappers", url_for("applications.show_mappers", slug=slug)),
        "metadata": ("Open Metadata", url_for("applications.show_metadata", slug=slug)),
        "settings": ("Open Settings", url_for("applications.edit_settings", slug=slug)),
        "access": ("Assign the role", url_for("users.roles", user_id=user.id, add=1, role=role)),
        "person": (f"Open {user.display_name}", url_for("users.details", user_id=user.id)),
    }
