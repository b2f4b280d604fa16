"""Preview for a person, and the check whether the vendor would accept what they get."""

from dataclasses import dataclass

from flask import url_for

from ssoko.errors import NotFound
from ssoko.services.applications.views import ApplicationView
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting import check as troubleshooting_check
from ssoko.services.troubleshooting import preview as troubleshooting_preview
from ssoko.services.troubleshooting.check import Report
from ssoko.web.applications.page import find, render_tab
from ssoko.web.framework.responses import argument
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_user,
    current_workspace,
)

#: State of a finding: kind of badge, icon and word.
STATES = {
    "pass": ("ok", "check", "Pass"),
    "check": ("warn", "warn", "Check"),
    "fail": ("bad", "bad", "Fail"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is looked at: found, or searched and not found."""

    typed: str
    person: UserView | None
    suggestions: tuple[UserView, ...] = ()


@admin_only
def preview(slug: str) -> str:
    """Show the exact NameID, attributes and assertion that a person would get."""
    application = find(slug)
    choice = choose(application, argument("person"))
    found = None
    if choice.person:
        found = troubleshooting_preview.preview_sign_in(
            current_scope(), application.id, user_id=choice.person.id
        )
    return render_tab("mappers", application, template="preview", choice=choice, found=found)


@admin_only
def check(slug: str) -> str:
    """Judge the answer that a person would get."""
    application = find(slug)
    choice = choose(application, argument("person"))
    report = _report(application, choice.person) if choice.person else None
    return render_tab(
        "overview",
        application,
        template="check",
        choice=choice,
        report=report,
        states=STATES,
        fixes=_fixes(application, report) if report else {},
    )


def ready(application: ApplicationView) -> Report:
    """Judge the answer of somebody who gets in, or of the admin who looks when nobody does."""
    return _report(application, _somebody(application))


def _somebody(application: ApplicationView) -> UserView:
    me = current_user()
    found = troubleshooting_preview.default_user(current_scope(), application.id, preferred=me.id)
    return found or me


def _report(application: ApplicationView, person: UserView) -> Report:
    return troubleshooting_check.check(current_scope(), application.id, user_id=person.id)


def choose(application: ApplicationView, typed: str) -> Choice:
    """Return whom a user name or an e-mail address names; without one, somebody who gets in."""
    if not typed:
        return Choice("", _somebody(application))
    here = current_workspace()
    try:
        person = troubleshooting_preview.find_user(here.id, typed)
    except NotFound:
        return Choice(typed, None, users.list_users(here.id, q=typed, limit=6).items)
    return Choice(person.username, person)


def _fixes(application: ApplicationView, report: Report) -> dict[str, tuple[str, str]]:
    """Return where things are mended: place to the link's words and its address."""
    person, slug = report.preview.user, application.slug
    role = application.default_role.id if application.default_role else None
    return {
        "saml": ("Open SAML settings", url_for("applications.saml", slug=slug)),
        "mappers": ("Open Mappers", url_for("applications.mappers", slug=slug)),
        "metadata": ("Open Metadata", url_for("applications.metadata", slug=slug)),
        "settings": ("Open Settings", url_for("applications.settings", slug=slug)),
        "access": ("Give the role", url_for("users.roles", user_id=person.id, add=1, role=role)),
        "person": (
            f"Open {person.display_name}",
            url_for("users.details", user_id=person.id),
        ),
    }
