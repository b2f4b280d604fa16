"""The author's bench: every plugin as it will look, on the site that ``ssoko dev`` serves.

Nothing here is part of another site: the blueprint is made, and registered, by that command alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ssoko.errors import AuthenticationFailed, NotFound
from ssoko.plugin.host.registry import PluginProblem
from ssoko.plugin.tools.rules.sample import sample_settings
from ssoko.services.guides import guide as guides_guide
from ssoko.services.marketplace import catalog, proposed_values
from ssoko.services.people import users
from ssoko.services.troubleshooting import trial
from ssoko.services.troubleshooting.trial import Trial
from ssoko.web.components import plugin_form
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_signed_in,
    current_workspace,
    sign_in_with_link,
)

#: Links of a guide that lead to pages of the application, which is gone when they are pressed.
_PAGES_OF_ITS_OWN = frozenset({"application_url", "metadata_file_url", "certificate_file_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPlugin:
    """One installed plugin.

    :param folder: of its project when it is installed from there, editable; or empty.
    """

    slug: str
    distribution: str
    version: str
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the rules found.

    :param broken: one object a broken rule: ``id``, ``tier``, ``title``, ``messages``, ``fix``.
    :param kept: how many rules are kept.
    :param trouble: why the rules could not be asked, or empty.
    """

    tier: str = ""
    broken: tuple[Mapping[str, Any], ...] = ()
    kept: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the command knows and the site does not.

    :param workspace: slug of the one that is served.
    :param version: of a slug, another text whenever its page may look different.
    :param check: asks the rules about a slug; None as long as they are at work.
    """

    workspace: str
    plugins: tuple[BenchPlugin, ...]
    version: Callable[[str], str]
    check: Callable[[str], Checked | None] = field(default=lambda slug: Checked())


def make_blueprint(bench: Bench) -> Blueprint:
    """Return the pages ``/dev`` and ``/dev/<slug>``, and what they need."""
    blueprint = Blueprint("dev", __name__, url_prefix="/dev")
    here = {"workspace": bench.workspace}

    @blueprint.before_request
    def only_with_the_link() -> tuple[str, int] | None:
        if request.endpoint in {"dev.sign_in", "dev.version"} or current_signed_in():
            return None
        return render_template("plugins/link.html", title="Open the printed link"), 403

    @blueprint.get("/-/version")
    def version() -> Response:
        return Response(bench.version(request.args.get("slug", "")), mimetype="text/plain")

    @blueprint.get("/-/sign-in/<code>")
    def sign_in(code: str) -> Answer:
        """Sign in at once: only who reads this machine's terminal has the code."""
        if current_signed_in() is None:
            try:
                sign_in_with_link(code)
            except AuthenticationFailed as error:
                raise NotFound(
                    "This link was used already. Stop ssoko dev and start it again for a new one."
                ) from error
        slug = request.args.get("slug", "")
        return redirect(url_for("dev.show", slug=slug) if slug else url_for("dev.index"), 303)

    @blueprint.get("", defaults=here)
    @admin_only
    def index() -> str:
        return render_template(
            "plugins/index.html",
            title="Plugin preview",
            menu="dev",
            rows=[_row(one) for one in bench.plugins],
            dev_version=bench.version(""),
        )

    @blueprint.route("/<slug>", defaults=here, methods=["GET", "POST"])
    @admin_only
    def show(slug: str) -> str:
        plugin = next((one for one in bench.plugins if one.slug == slug), None)
        if plugin is None:
            raise NotFound("No plugin of this name is installed here.")
        return render_template(
            "plugins/show.html",
            menu="dev",
            plugin=plugin,
            checked=None if problems_of(slug) else bench.check(slug),
            dev_version=bench.version(slug),
            **_shown(slug),
        )

    return blueprint


def problems_of(slug: str) -> tuple[PluginProblem, ...]:
    """Return why a plugin is not loaded."""
    return tuple(one for one in current_services().registry.problems if one.slug == slug)


def _row(plugin: BenchPlugin) -> dict[str, Any]:
    registry = current_services().registry
    loaded, problems = registry.get(plugin.slug), problems_of(plugin.slug)
    return {
        "plugin": plugin,
        "loaded": loaded,
        "problem": problems[0] if problems else None,
        "reason": dict(registry.skipped).get(plugin.slug, ""),
    }


def _shown(slug: str) -> dict[str, Any]:
    """Return what the page of one plugin draws; a broken one has its problem and no more."""
    services, workspace = current_services(), current_workspace()
    loaded = services.registry.get(slug)
    if loaded is None:
        problems = problems_of(slug)
        return {"title": slug, "loaded": None, "problem": problems[0] if problems else None}
    typed = plugin_form.read(loaded.form, request.form) if request.method == "POST" else None
    chosen = request.values.get("as", "")
    raw = sample_settings(loaded.form) if typed is None else typed
    found = trial.run_trial(current_scope(), slug, raw=raw, username=chosen)
    placed = {} if typed is None else plugin_form.place(found.errors)
    return {
        "title": loaded.integration.name,
        "loaded": loaded,
        "card": catalog.one(services.registry, slug),
        "description": guides_guide.render_markdown(loaded.integration.description),
        "fields": plugin_form.draw(loaded.form, values=typed, errors=placed),
        "typed": typed is not None,
        "refused": found.errors,
        "errors": placed,
        "found": found,
        "choice": _choice(workspace.id, chosen),
        "source_words": proposed_values.source_words,
        **_given(loaded.guide, found),
    }


def _given(guide: str, found: Trial) -> dict[str, Any]:
    made = found.application
    values = guides_guide.guide_values(made)
    asked = [
        (one, values.get(one.key, "")) for one in (made.metadata_fields if made is not None else ())
    ]
    shown = {name: value for name, value in values.items() if name not in _PAGES_OF_ITS_OWN}
    return {"asked": asked, "guide": guides_guide.render_guide(guide, shown)}


def _choice(workspace_id: str, chosen: str) -> FormField:
    people = [one for one in users.list_users(workspace_id, limit=50).items if one.active]
    others = [one.username for one in people if not one.admin] or [one.username for one in people]
    choices = tuple((one.username, one.display_name) for one in people)
    return text_field("as", "Person", kind="select", value=chosen or others[0], choices=choices)
