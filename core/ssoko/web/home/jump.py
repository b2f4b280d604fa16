"""Search or jump to: everything of a workspace that has a page."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.services.access import roles
from ssoko.services.activity.references import read_reference
from ssoko.services.applications import views
from ssoko.services.marketplace import catalog
from ssoko.services.people import groups, users
from ssoko.text.names import search_terms
from ssoko.web.components.tabs import TABS
from ssoko.web.framework.menu import menu_items
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)

#: Results of each kind.
_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Result:
    """One page that a search finds.

    :param detail: what tells it from others of the same name.
    """

    name: str
    kind: str
    href: str
    icon: str
    detail: str = ""


@admin_only
def jump() -> Response | str:
    """Search everything that has a page; a reference redirects to its trace."""
    query = _query()
    if reference := read_reference(query):
        return redirect(url_for("traces.show", reference=reference))
    results = list(find(query)) if query else []
    if len(results) == 1:
        return redirect(results[0].href)
    return render_template(
        "home/jump.html", title="Search or jump to", query=query, results=results
    )


@admin_only
def suggest() -> Response:
    """Return the results as JSON, for the dialog."""
    query = _query()
    if reference := read_reference(query):
        href = url_for("traces.show", reference=reference)
        return jsonify([asdict(Result(reference, "Denied sign-in", href, "activity"))])
    return jsonify([asdict(result) for result in find(query)] if query else [])


def _query() -> str:
    return request.args.get("q", "").strip()[:200]


def find(query: str) -> Iterator[Result]:
    """Find pages of the workspace by the words of a search, at most eight of each kind."""
    scope, workspace = current_scope(), current_workspace()
    for application in views.list_applications(scope, q=query, limit=_RESULTS).items:
        href = url_for("applications.show_overview", slug=application.slug)
        integration = application.integration_name
        detail = integration if integration != application.name else ""
        yield Result(application.name, "Application", href, "window", detail)
    for user in users.list_users(workspace.id, q=query, limit=_RESULTS).items:
        detail = ", ".join(
            text for text in (user.username, user.email) if text and text != user.display_name
        )
        if not user.active:
            detail = f"{detail}, disabled".lstrip(", ")
        href = url_for("users.details", user_id=user.id)
        yield Result(user.display_name, "User", href, "user", detail)
    for group in groups.list_groups(workspace.id, q=query, limit=_RESULTS).items:
        detail = "1 member" if group.member_count == 1 else f"{group.member_count} members"
        yield Result(
            group.name, "Group", url_for("groups.show", group_id=group.id), "users", detail
        )
    for role in roles.list_roles(workspace.id, q=query, limit=_RESULTS).items:
        href = url_for("roles.show", role_id=role.id)
        yield Result(role.name, "Role", href, "key", role.application_name or "")
    cards = catalog.search(current_services().registry, q=query)[:_RESULTS]
    for card in cards:
        href = url_for("marketplace.show_integration", slug=card.slug)
        vendor = card.vendor if card.vendor != card.name else ""
        yield Result(card.name, "Integration", href, "store", vendor)
    yield from _pages(query)


def _pages(query: str) -> Iterator[Result]:
    terms = search_terms(query)
    pages = [
        Result(item.label + (f": {item.below}" if item.below else ""), "Page", item.href, item.icon)
        for item in menu_items()
    ]
    pages += [
        Result(f"Settings: {label}", "Page", url_for(f"settings.{tab}"), "sliders")
        for tab, label in TABS["settings"]
    ]
    pages += [
        Result("Denied sign-ins", "Page", url_for("traces.index"), "activity"),
        Result("New user", "Page", url_for("users.new"), "user"),
        Result("New group", "Page", url_for("groups.new"), "users"),
        Result("New role", "Page", url_for("roles.new"), "key"),
        Result("Your account", "Page", url_for("account.show"), "user"),
        Result("SSO Dashboard", "Page", url_for("portal.show"), "out"),
    ]
    for page in pages:
        if all(term in page.name.casefold() for term in terms):
            yield page
