"""The admin's Dashboard: what to do next, what happened, what needs attention."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.services.activity import log
from ssoko.services.activity.references import read_reference
from ssoko.services.applications import views
from ssoko.services.marketplace.overview import Overview, Waiting, overview
from ssoko.services.people import users
from ssoko.web.components.notices import notices_here
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_user,
    current_workspace,
    signed_in,
)
from ssoko.web.framework.template_globals import menu_items

blueprint = Blueprint("home", __name__, url_prefix="/w/<workspace>")

_RECENT = 6
_FOUND = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist; it is done when the server has seen it done."""

    title: str
    text: str
    label: str
    href: str
    done: bool


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that an admin should look at."""

    kind: str
    title: str
    text: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Found:
    """One place that a search leads to."""

    name: str
    kind: str
    href: str


@blueprint.get("/")
@signed_in
def show() -> Response | str:
    """Show the Dashboard to admins; other people are led to their tiles."""
    if not current_user().admin:
        return redirect(url_for("portal.show"))
    services = current_services()
    standing = overview(current_scope())
    steps = _checklist(standing)
    return render_template(
        "home/dashboard.html",
        title="Dashboard",
        menu="home",
        steps=steps,
        to_do=sum(not step.done for step in steps),
        attention=_attention(standing),
        application_count=standing.application_count,
        integration_count=len(services.registry.integrations),
        days=log.counts_by_day(current_scope()),
        recent=log.list_events(current_scope(), limit=_RECENT).items,
        actions=log.ACTIONS,
    )


def _checklist(standing: Overview) -> list[Step]:
    return [
        Step(
            "Install your first application",
            "Pick it in the marketplace; its guide takes minutes.",
            "Open the marketplace",
            url_for("marketplace.list_integrations"),
            bool(standing.application_count),
        ),
        Step(
            "Give somebody its role",
            "Without the role nobody gets in, you included.",
            "Choose a person",
            url_for("users.index"),
            standing.role_given,
        ),
        Step(
            "See the first sign-in",
            f"Open the SSO Dashboard and press the tile of {standing.newest or 'the application'}.",
            "SSO Dashboard",
            url_for("portal.show"),
            standing.signed_in,
        ),
    ]


def _attention(standing: Overview) -> list[Attention]:
    services = current_services()
    found = [
        Attention(
            "bad",
            f"The plugin {problem.slug} is not loaded",
            f"{problem.distribution} {problem.version}, {problem.stage}: {problem.message}",
            "Open the plugins",
            url_for("settings.plugins"),
        )
        for problem in services.registry.problems
    ]
    found += [
        Attention(
            "warn",
            f"The plugin of {orphan.name} is {orphan.plugin}",
            "People still sign in by its record. Its SAML settings and mappers can be changed; its "
            "own form is back with the plugin.",
            f"Open {orphan.name}",
            url_for("applications.show_overview", slug=orphan.slug),
        )
        for orphan in standing.orphans
    ]
    found += [
        Attention(
            "warn", *_words(waiting), url_for("applications.review_upgrade", slug=waiting.slug)
        )
        for waiting in standing.upgrades
    ]
    found += [
        Attention(one.kind, one.title, one.text, one.label, one.href) for one in notices_here()
    ]
    if not services.config.is_https:
        found.append(
            Attention(
                "warn",
                "The base URL is plain http",
                f"{services.config.base_url} is good for trying out. Passwords and assertions "
                "need https: set SSOKO_BASE_URL before other people use it.",
                "",
                "",
            )
        )
    return found


def _words(waiting: Waiting) -> tuple[str, str, str]:
    """Return title, text and link of an application that is recorded from another version."""
    mark, name = waiting.mark, waiting.name
    look = f"Look at {name}"
    if mark.state == "refuses":
        text = (
            "People sign in as recorded. Fill in what it needs to bring the application up to it."
        )
        return f"{mark.proposer} needs settings that {name} does not have", text, look
    if mark.state == "fails":
        text = "People sign in as recorded. Tell the plugin's publisher."
        return f"{mark.proposer} cannot say what it proposes for {name}", text, look
    text = "People sign in as recorded until somebody accepts them."
    return f"Upgrade: {mark.proposer} proposes changes to {name}", text, look


@blueprint.get("/jump")
@admin_only
def jump() -> Response | str:
    """Find people, applications and pages by a word, and what a reference is about."""
    query = request.args.get("q", "").strip()[:200]
    workspace = current_workspace()
    if not query:
        return render_template("home/jump.html", title="Search or jump to", query="", found=())
    if reference := read_reference(query):
        return redirect(url_for("traces.show", reference=reference))
    found = [
        Found(view.name, "Application", url_for("applications.show_overview", slug=view.slug))
        for view in views.list_applications(current_scope(), q=query, limit=_FOUND).items
    ]
    found += [
        Found(user.display_name, "User", url_for("users.details", user_id=user.id))
        for user in users.list_users(workspace.id, q=query, limit=_FOUND).items
    ]
    found += [
        Found(item.below or item.label, "Page", item.href)
        for item in menu_items()
        if query.casefold() in f"{item.label} {item.below}".casefold()
    ]
    if len(found) == 1:
        return redirect(found[0].href)
    return render_template("home/jump.html", title="Search or jump to", query=query, found=found)
