"""The Dashboard of admins: first steps, recent activity, what needs attention."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ssoko.services import installation
from ssoko.services.activity import log
from ssoko.services.marketplace.overview import Overview, Waiting, overview
from ssoko.text.paths import without_paths
from ssoko.web.components.event_list import bars_of
from ssoko.web.components.notices import workspace_notices
from ssoko.web.components.proxies import has_unknown_proxy
from ssoko.web.framework.session import (
    current_scope,
    current_services,
    current_user,
    signed_in,
)
from ssoko.web.home import jump

blueprint = Blueprint("home", __name__, url_prefix="/w/<workspace>")

_RECENT = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the checklist; ``done`` when Ssoko has detected it."""

    title: str
    text: str
    label: str
    href: str
    done: bool


@dataclass(frozen=True, slots=True)
class Attention:
    """One problem that an admin should look at."""

    kind: str
    title: str
    text: str
    label: str
    href: str


@blueprint.get("/")
@signed_in
def show() -> Response | str:
    """Show the Dashboard to admins; redirect other users to the SSO Dashboard."""
    if not current_user().admin:
        return redirect(url_for("portal.show"))
    services = current_services()
    summary = overview(current_scope())
    steps = _checklist(summary)
    return render_template(
        "home/dashboard.html",
        title="Dashboard",
        menu="home",
        steps=steps,
        to_do=sum(not step.done for step in steps),
        attention=_attention(summary),
        application_count=summary.application_count,
        integration_count=len(services.registry.integrations),
        bars=bars_of(log.counts_by_day(current_scope())),
        recent=log.list_events(current_scope(), limit=_RECENT).items,
        actions=log.ACTIONS,
    )


def _checklist(summary: Overview) -> list[Step]:
    return [
        Step(
            "Install your first application",
            "Choose an integration, install it and follow its guide.",
            "Open Marketplace",
            url_for("marketplace.list_integrations"),
            bool(summary.application_count),
        ),
        Step(
            "Assign its role",
            "Users need the role to use the application. This includes you.",
            "Choose a user",
            url_for("users.index"),
            summary.role_given,
        ),
        Step(
            "Test the sign-in",
            f"Open the SSO Dashboard and click {summary.newest or 'the application'}.",
            "SSO Dashboard",
            url_for("portal.show"),
            summary.signed_in,
        ),
    ]


def _attention(summary: Overview) -> list[Attention]:
    services = current_services()
    items = [
        Attention(
            "bad",
            f"The plugin {problem.slug} failed to load",
            f"{problem.distribution} {problem.version}, {problem.stage}: "
            f"{without_paths(problem.message)}",
            "View plugins",
            url_for("settings.plugins"),
        )
        for problem in services.registry.problems
    ]
    items += [
        Attention(
            "warn",
            f"The plugin of {orphan.name} is {orphan.plugin}",
            "Sign-ins keep working with the saved settings. You can change SAML settings and "
            "mappers, but not the settings of the plugin.",
            f"Open {orphan.name}",
            url_for("applications.show_overview", slug=orphan.slug),
        )
        for orphan in summary.orphans
    ]
    items += [
        Attention(
            "warn",
            *_upgrade_texts(waiting),
            url_for("applications.review_upgrade", slug=waiting.slug),
        )
        for waiting in summary.upgrades
    ]
    items += [
        Attention(notice.kind, notice.title, notice.text, notice.label, notice.href)
        for notice in workspace_notices()
    ]
    if before := installation.former_base_url(services.config):
        items.append(
            Attention(
                "bad",
                "The base URL has changed",
                f"It was {before} and is {services.config.base_url} now. Sign-ins fail until each "
                "service provider has the new metadata. An operator can set the old base URL "
                "again, or accept the new one with: ssoko migrate",
                "",
                "",
            )
        )
    if has_unknown_proxy():
        items.append(
            Attention(
                "warn",
                "The proxy is not configured",
                "A proxy passes requests on, but SSOKO_TRUSTED_PROXIES is 0. All visitors have the "
                "proxy's IP address and share their sign-in limits. Ask an operator to set "
                "SSOKO_TRUSTED_PROXIES to the number of proxies, usually 1.",
                "",
                "",
            )
        )
    if not services.config.is_https:
        items.append(
            Attention(
                "warn",
                "The base URL uses http",
                f"{services.config.base_url} is fine for testing. Before other people use Ssoko, "
                "set SSOKO_BASE_URL to an https URL, so that passwords are sent encrypted.",
                "",
                "",
            )
        )
    return items


def _upgrade_texts(waiting: Waiting) -> tuple[str, str, str]:
    """Return title, text and link label for an application whose plugin has another version."""
    mark, name = waiting.mark, waiting.name
    label = f"Review update of {name}"
    if mark.state == "refuses":
        text = (
            "Sign-ins use the saved settings. Enter the missing settings to update the application."
        )
        return f"{mark.proposer} needs more settings for {name}", text, label
    if mark.state == "fails":
        text = "Sign-ins use the saved settings. Contact the publisher of the plugin."
        return f"{mark.proposer} raised an error for {name}", text, label
    text = "Sign-ins use the saved settings until you apply the changes."
    return f"Update available for {name}: {mark.proposer}", text, label


blueprint.add_url_rule("/jump", "jump", jump.jump)
blueprint.add_url_rule("/jump.json", "suggest", jump.suggest)
