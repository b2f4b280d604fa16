"""What all tabs of an application's page share: finding it, its state in words, its frame."""

from dataclasses import dataclass

from flask import render_template, url_for

from ssoko.services.applications import views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.marketplace.catalog import GENERIC
from ssoko.web.framework.session import current_scope, current_services

#: Endpoint in the blueprint, and the tab's label.
TABS = (
    ("overview", "Overview"),
    ("guide", "Guide"),
    ("metadata", "Metadata"),
    ("access", "Access"),
    ("mappers", "Mappers"),
    ("settings", "Settings"),
    ("activity", "Activity"),
)


@dataclass(frozen=True, slots=True)
class State:
    """A state in words, with its cause and the next action."""

    kind: str
    icon: str
    word: str
    cause: str
    action: str = ""
    #: Tab that the action leads to; empty when a button of the page does it.
    tab: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a plugin is not there: a title, the cause, and what brings it back."""

    title: str
    cause: str
    action: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value of ours, with the vendor's words for it."""

    label: str
    value: str
    help: str


def find(slug: str) -> ApplicationView:
    """Return an application of this workspace.

    :raises NotFound: also for one that is uninstalled or in another workspace.
    """
    return views.get_application(current_scope(), slug)


def render_tab(
    tab: str, application: ApplicationView, *, template: str = "", **values: object
) -> str:
    """Render one tab within the application's page, or a page below that tab.

    :param template: of the page below; without ``applications/`` and ``.html``.
    """
    state = state_of(application)
    badges = [(state.kind, state.icon, state.word)]
    if mark := mark_of(application):
        badges.append(mark)
    slug = application.slug
    return render_template(
        f"applications/{template or tab}.html",
        application=application,
        tab=tab,
        tabs=TABS,
        tab_links=[(key, word, url_for(f"applications.{key}", slug=slug)) for key, word in TABS],
        state=state,
        badges=badges,
        vendor=vendor_of(application),
        absence=absence_of(application),
        **values,
    )


def vendor_of(application: ApplicationView) -> str:
    """Return how to call the other side in a sentence."""
    loaded = current_services().registry.get(application.integration)
    if loaded and loaded.integration.category == GENERIC:
        return application.name
    return application.vendor or application.integration_name


def state_of(application: ApplicationView) -> State:
    """Say in words what state an application is in, why, and what to do next."""
    if application.state == "disabled":
        return State("bad", "bad", "Disabled", "Nobody can sign in to it until it is enabled.")
    if application.state == "needs-setup":
        role = application.default_role.name if application.default_role else "its role"
        cause = f"Nobody gets in yet: no active person has {role}."
        return State("warn", "warn", "Needs setup", cause, "Give the role", "access")
    return State("ok", "ok", "Active", "People with its role can sign in.")


def mark_of(application: ApplicationView) -> tuple[str, str, str] | None:
    """Return the badge of an application whose plugin needs a look: kind, icon and word."""
    if application.plugin != "loaded":
        return ("warn", "warn", f"Plugin {application.plugin}")
    if application.upgrade is None:
        return None
    version = application.upgrade.version
    return {
        "proposes": ("now", "upload", f"Upgrade: {version}"),
        "refuses": ("warn", "warn", f"{version} needs settings"),
        "fails": ("warn", "warn", f"{version} fails"),
    }[application.upgrade.state]


def absence_of(application: ApplicationView) -> Absence | None:
    """Say why an application's plugin is not there, and what to do; None when it is."""
    if application.plugin == "loaded":
        return None
    registry, slug = current_services().registry, application.integration
    for problem in registry.problems:
        if problem.slug == slug:
            return Absence(
                "Its plugin is in quarantine",
                f"{problem.distribution} {problem.version} is not loaded ({problem.stage}): "
                f"{problem.message}.",
                "Mend it or install another version, then restart Ssoko.",
            )
    for skipped, reason in registry.skipped:
        if skipped == slug:
            return Absence(
                "Its plugin is switched off on this server",
                f"{slug} is {reason}.",
                "Change that setting and restart Ssoko.",
            )
    name = application.distribution or slug
    return Absence(
        "Its plugin is not installed on this server",
        f"It was recorded from {name} {application.version}".rstrip() + ".",
        f"To have it back, pip install {name} and restart Ssoko.",
    )


def metadata_values(application: ApplicationView) -> tuple[Value, ...]:
    """List the addresses that the vendor may ask for, under our names, with its own beside."""
    issuer, vendor = application.issuer, vendor_of(application)
    asked = {field.key: field for field in application.metadata_fields}

    def value(key: str, label: str, text: str, otherwise: str = "") -> Value:
        field = asked.get(key)
        if field is not None and field.paste_into:
            said = f"{vendor} calls it {field.paste_into}"
        else:
            said = otherwise or f"{vendor} does not ask for it"
        return Value(label, text, said)

    same = "The same address: an entity ID that can be opened"
    return (
        value("login_endpoint", "Login Endpoint", issuer.login_endpoint),
        value("logout_endpoint", "Logout Endpoint", issuer.logout_endpoint),
        value("entity_id", "Entity ID", issuer.entity_id),
        value(
            "metadata_url",
            "Metadata URL",
            issuer.metadata_url,
            same if issuer.metadata_url == issuer.entity_id else "",
        ),
    )
