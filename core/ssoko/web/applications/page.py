"""Shared by all tabs of an application's page: the lookup, the state, the page layout."""

from dataclasses import dataclass

from flask import render_template, url_for

from ssoko.services.applications import views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.plugins.tiles import GENERIC
from ssoko.text.paths import without_paths
from ssoko.web.framework.session import current_scope, current_services

#: Tab to its label and its endpoint in the blueprint.
TABS = {
    "overview": ("Overview", "show_overview"),
    "guide": ("Guide", "show_guide"),
    "metadata": ("Metadata", "show_metadata"),
    "access": ("Access", "show_access"),
    "mappers": ("Mappers", "show_mappers"),
    "settings": ("Settings", "edit_settings"),
    "activity": ("Activity", "show_activity"),
}

#: State of a plugin that is not loaded to the label of its badge.
MISSING_PLUGIN = {
    "missing": "Plugin not loaded",
    "quarantined": "Plugin failed to load",
}


@dataclass(frozen=True, slots=True)
class State:
    """The state of an application as the page shows it.

    :param kind: of the badge: ``ok``, ``warn`` or ``bad``.
    :param cause: one sentence.
    :param action: label of the link to the next step, or empty.
    :param endpoint: where that link leads, or empty.
    """

    kind: str
    icon: str
    label: str
    cause: str
    action: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class MissingPlugin:
    """Why the plugin of an application is not loaded, and how to load it."""

    title: str
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """One value of the identity provider; the help gives the vendor's name for it."""

    label: str
    value: str
    help: str


def find_application(slug: str) -> ApplicationView:
    """Return an application of this workspace by its slug.

    :raises NotFound: also when it is uninstalled or belongs to another workspace.
    """
    return views.get_application(current_scope(), slug)


def render_tab(
    tab: str, application: ApplicationView, *, template: str = "", **values: object
) -> str:
    """Render one tab of the application's page, or a page below that tab.

    :param template: of the page below the tab, without ``applications/`` and ``.html``.
    """
    state = describe_state(application)
    badges = [(state.kind, state.icon, state.label)]
    if badge := plugin_badge(application):
        badges.append(badge)
    slug = application.slug
    return render_template(
        f"applications/{template or tab}.html",
        application=application,
        tab=tab,
        tab_label=TABS[tab][0],
        tab_links=[
            (key, label, url_for(f"applications.{endpoint}", slug=slug))
            for key, (label, endpoint) in TABS.items()
        ],
        state=state,
        badges=badges,
        vendor=vendor_name(application),
        missing_plugin=explain_missing_plugin(application),
        **values,
    )


def vendor_name(application: ApplicationView) -> str:
    """Return the name of the service provider for use in a sentence."""
    loaded = current_services().registry.get(application.integration)
    if loaded and loaded.integration.category == GENERIC:
        return application.name
    return application.vendor or application.integration_name


def describe_state(application: ApplicationView) -> State:
    """Return the state of an application, its cause and the next step."""
    if application.state == "disabled":
        return State("bad", "bad", "Disabled", "No one can sign in to it until you enable it.")
    if application.state == "needs-setup":
        role = application.default_role.name if application.default_role else "its role"
        cause = f"Nobody can use it yet: no active user has {role}."
        return State("warn", "warn", "Needs setup", cause, "Assign the role", "show_access")
    return State("ok", "ok", "Active", "People with a role of this application can sign in.")


def plugin_badge(application: ApplicationView) -> tuple[str, str, str] | None:
    """Return kind, icon and label of the badge for a plugin that needs attention."""
    if application.plugin != "loaded":
        return ("warn", "warn", MISSING_PLUGIN[application.plugin])
    if application.upgrade is None:
        return None
    version = application.upgrade.version
    return {
        "proposes": ("now", "upload", f"Update to {version}"),
        "refuses": ("warn", "warn", f"{version} needs settings"),
        "fails": ("warn", "warn", f"{version} fails"),
    }[application.upgrade.state]


def explain_missing_plugin(application: ApplicationView) -> MissingPlugin | None:
    """Return why the plugin is not loaded and how to load it; None when it is loaded."""
    if application.plugin == "loaded":
        return None
    registry, slug = current_services().registry, application.integration
    for problem in registry.problems:
        if problem.slug == slug:
            return MissingPlugin(
                "Its plugin failed to load",
                f"{problem.distribution} {problem.version} failed at {problem.stage}: "
                f"{without_paths(problem.message)}.",
                "Fix it or install another version, then restart Ssoko.",
            )
    for skipped, reason in registry.skipped:
        if skipped == slug:
            return MissingPlugin(
                "Its plugin is disabled on this server",
                f"{slug} is {reason}.",
                "Change that setting and restart Ssoko.",
            )
    name = application.distribution or slug
    return MissingPlugin(
        "Its plugin is not installed on this server",
        f"The application was installed with {name} {application.version}".rstrip() + ".",
        f"Run pip install {name} and restart Ssoko.",
    )


def metadata_values(application: ApplicationView) -> tuple[MetadataValue, ...]:
    """Return the URLs of the identity provider, each with the vendor's name for it."""
    issuer, vendor = application.issuer, vendor_name(application)
    fields = {field.key: field for field in application.metadata_fields}

    def value(key: str, label: str, url: str, default_help: str = "") -> MetadataValue:
        field = fields.get(key)
        if field is not None and field.paste_into:
            return MetadataValue(label, url, f"{vendor} calls it {field.paste_into}")
        return MetadataValue(label, url, default_help or f"Not needed at {vendor}")

    is_entity_id = issuer.metadata_url == issuer.entity_id
    return (
        value("login_endpoint", "Login Endpoint", issuer.login_endpoint),
        value("logout_endpoint", "Logout Endpoint", issuer.logout_endpoint),
        value("entity_id", "Entity ID", issuer.entity_id),
        value(
            "metadata_url",
            "Metadata URL",
            issuer.metadata_url,
            "Same URL as the entity ID" if is_entity_id else "",
        ),
    )
