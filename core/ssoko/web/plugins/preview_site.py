"""The plugin preview that ``ssoko dev`` serves to plugin authors.

Only that command registers this blueprint; other sites don't have these pages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as RedirectResponse

from ssoko.errors import AuthenticationFailed, NotFound
from ssoko.plugin.host.registry import PluginProblem
from ssoko.plugin.sources import describe_source
from ssoko.plugin.tools.rules.sample import sample_settings
from ssoko.services.guides.guide import guide_values, render_guide, render_markdown
from ssoko.services.marketplace import catalog
from ssoko.services.people import users
from ssoko.services.troubleshooting import trial
from ssoko.services.troubleshooting.trial import Trial
from ssoko.web.components import plugin_form
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.integration_badges import badges_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_signed_in,
    current_workspace,
    sign_in_with_link,
)

#: Values of a guide that link to pages of the application, which is rolled back by then.
_APPLICATION_PAGES = frozenset({"application_url", "metadata_file_url", "certificate_file_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPlugin:
    """One installed plugin.

    :param folder: of its source when it is an editable install, or empty.
    """

    slug: str
    distribution: str
    version: str
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """The result of ``ssoko plugin check``.

    :param failed: one object per failed rule: ``id``, ``tier``, ``title``, ``messages``, ``fix``.
    :param passed: number of rules that passed.
    :param problem: why the rules could not run, or empty.
    """

    tier: str = ""
    failed: tuple[Mapping[str, Any], ...] = ()
    passed: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the command passes to the pages.

    :param workspace: slug of the workspace that is served.
    :param version: returns a text for a slug that changes whenever its page may change.
    :param check: returns the report of the rules for a slug; None while they run.
    """

    workspace: str
    plugins: tuple[PreviewPlugin, ...]
    version: Callable[[str], str]
    check: Callable[[str], RuleReport | None] = field(default=lambda slug: RuleReport())


def create_blueprint(preview: Preview) -> Blueprint:
    """Return the blueprint with the pages ``/dev`` and ``/dev/<slug>``."""
    blueprint = Blueprint("dev", __name__, url_prefix="/dev")
    defaults = {"workspace": preview.workspace}

    @blueprint.before_request
    def require_link() -> tuple[str, int] | None:
        if request.endpoint in {"dev.open_link", "dev.send_version"} or current_signed_in():
            return None
        return render_template("plugins/link.html", title="Open the printed link"), 403

    @blueprint.get("/-/version")
    def send_version() -> Response:
        return Response(preview.version(request.args.get("slug", "")), mimetype="text/plain")

    @blueprint.get("/-/sign-in/<code>")
    def open_link(code: str) -> RedirectResponse:
        """Sign in with the code that the command printed in the terminal."""
        if current_signed_in() is None:
            try:
                sign_in_with_link(code)
            except AuthenticationFailed as error:
                raise NotFound(
                    "This link has expired. Stop ssoko dev and start it again to get a new one."
                ) from error
        slug = request.args.get("slug", "")
        return redirect(
            url_for("dev.show_plugin", slug=slug) if slug else url_for("dev.list_plugins"), 303
        )

    @blueprint.get("", defaults=defaults)
    @admin_only
    def list_plugins() -> str:
        return render_template(
            "plugins/index.html",
            title="Plugin preview",
            menu="dev",
            rows=[_describe_row(plugin) for plugin in preview.plugins],
            dev_version=preview.version(""),
        )

    @blueprint.route("/<slug>", defaults=defaults, methods=["GET", "POST"])
    @admin_only
    def show_plugin(slug: str) -> str:
        plugin = next((p for p in preview.plugins if p.slug == slug), None)
        if plugin is None:
            raise NotFound("No plugin with this name is installed.")
        return render_template(
            "plugins/show.html",
            menu="dev",
            plugin=plugin,
            report=None if problems_of(slug) else preview.check(slug),
            dev_version=preview.version(slug),
            **_describe_plugin(slug),
        )

    return blueprint


def problems_of(slug: str) -> tuple[PluginProblem, ...]:
    """Return why a plugin failed to load."""
    return tuple(p for p in current_services().registry.problems if p.slug == slug)


def _describe_row(plugin: PreviewPlugin) -> dict[str, Any]:
    registry = current_services().registry
    loaded, problems = registry.get(plugin.slug), problems_of(plugin.slug)
    return {
        "plugin": plugin,
        "loaded": loaded,
        "problem": problems[0] if problems else None,
        "reason": dict(registry.skipped).get(plugin.slug, ""),
    }


def _describe_plugin(slug: str) -> dict[str, Any]:
    """Return the template values of one plugin; only the problem if it is not loaded."""
    services, workspace = current_services(), current_workspace()
    loaded = services.registry.get(slug)
    if loaded is None:
        problems = problems_of(slug)
        return {"title": slug, "loaded": None, "problem": problems[0] if problems else None}
    typed = plugin_form.read(loaded.form, request.form) if request.method == "POST" else None
    username = request.values.get("as", "")
    raw = sample_settings(loaded.form) if typed is None else typed
    result = trial.run_trial(current_scope(), slug, raw=raw, username=username)
    errors = {} if typed is None else plugin_form.prefix_errors(result.errors)
    return {
        "title": loaded.integration.name,
        "loaded": loaded,
        "card": catalog.find_card(services.registry, slug),
        "badges_of": badges_of,
        "description": render_markdown(loaded.integration.description),
        "fields": plugin_form.render_fields(loaded.form, values=typed, errors=errors),
        "typed": typed is not None,
        "form_errors": result.errors,
        "errors": errors,
        "result": result,
        "user_field": _user_field(workspace.id, username),
        "describe_source": describe_source,
        **_describe_guide(loaded.guide, result),
    }


def _describe_guide(guide: str, result: Trial) -> dict[str, Any]:
    application = result.application
    values = guide_values(application)
    fields = application.metadata_fields if application is not None else ()
    usable = {name: value for name, value in values.items() if name not in _APPLICATION_PAGES}
    return {
        "metadata_values": [(field, values.get(field.key, "")) for field in fields],
        "guide": render_guide(guide, usable),
    }


def _user_field(workspace_id: str, username: str) -> FormField:
    active = [user for user in users.list_users(workspace_id, limit=50).items if user.active]
    # A user without admin rights is the usual case, so that one is preselected.
    default = next((user for user in active if not user.admin), active[0])
    choices = tuple((user.username, user.display_name) for user in active)
    value = username or default.username
    return text_field("as", "User", kind="select", value=value, choices=choices)
