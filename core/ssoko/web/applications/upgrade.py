"""Review what a new plugin version proposes for an application, and apply or skip it."""

from collections.abc import Collection
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, InputError, PluginError, SsokoError
from ssoko.services.applications.upgrades import compare, decide
from ssoko.services.applications.views import ApplicationView
from ssoko.services.troubleshooting import preview_difference
from ssoko.services.troubleshooting.preview_difference import AssertionDifference
from ssoko.web.applications.check import UserChoice, choose_user
from ssoko.web.applications.page import find_application, render_tab
from ssoko.web.framework.responses import ViewResponse, posted, refused, see, sentence_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: Prefix of a part's name in the form.
_PART = "part-"


@dataclass(frozen=True, slots=True)
class AssertionComparison:
    """One user's assertion before and after the update, or why they cannot be compared."""

    choice: UserChoice
    difference: AssertionDifference | None = None
    problem: str = ""


@admin_only
def review_upgrade(slug: str) -> ViewResponse:
    """Show what the loaded plugin proposes, and save the selected changes."""
    application = find_application(slug)
    if request.method == "POST" and posted("do") in ("record", "keep"):
        try:
            return _apply(application)
        except (InputError, PluginError) as error:
            return _render_page(application, problem=sentence_of(error)), _status(error)
    return _render_page(application)


@admin_only
def undo_upgrade(slug: str) -> Response:
    """Restore the settings from before the last update."""
    application = find_application(slug)
    try:
        decide.undo_upgrade(current_scope(), application.id)
    except InputError as error:
        return refused(error, "applications.review_upgrade", slug=slug)
    message = "Restored the previous settings. They apply from the next sign-in."
    return see("applications.review_upgrade", message, slug=slug)


def field_labels(application: ApplicationView) -> dict[str, str]:
    """Return the labels of the install form's fields, by name."""
    loaded = current_services().registry.get(application.integration)
    return {name: loaded.form.label(name) for name in loaded.form.fields} if loaded else {}


def _apply(application: ApplicationView) -> Response:
    version = posted("seen")
    upgrade = decide.decide(
        current_scope(),
        application.id,
        accept=() if posted("do") == "keep" else _selected_parts(),
        digest=posted("digest"),
        seen=int(version) if version.isascii() and version.isdigit() and len(version) < 16 else -1,
    )
    unchanged = upgrade.decision.kept if upgrade.decision else ()
    if posted("do") == "keep" or not _selected_parts():
        message = f"Skipped {upgrade.loaded}. Nothing changed in {application.name}."
    elif unchanged:
        message = f"Applied the selected changes. Not changed: {', '.join(unchanged)}."
    else:
        message = f"Updated {application.name} to {upgrade.loaded}."
    return see("applications.review_upgrade", message, slug=application.slug)


def _status(error: SsokoError) -> int:
    if isinstance(error, InputError):
        return 409 if isinstance(error, Conflict) else 422
    return 502


def _render_page(application: ApplicationView, *, problem: str = "") -> str:
    upgrade = compare.compare(current_scope(), application.id)
    selected = _selected_parts() if request.method == "POST" else upgrade.preselected
    return render_tab(
        "overview",
        application,
        template="upgrade",
        upgrade=upgrade,
        selected=selected,
        problem=problem,
        prefix=_PART,
        labels=field_labels(application) if upgrade.errors else {},
        comparison=_compare_assertions(application, selected) if upgrade.parts else None,
    )


def _selected_parts() -> frozenset[str]:
    return frozenset(
        name.removeprefix(_PART)
        for name, value in request.form.items()
        if name.startswith(_PART) and value == "accept"
    )


def _compare_assertions(
    application: ApplicationView, selected: Collection[str]
) -> AssertionComparison:
    choice = choose_user(application, posted("person") or request.args.get("person", "").strip())
    if choice.user is None:
        return AssertionComparison(choice)
    try:
        return AssertionComparison(
            choice,
            preview_difference.preview_upgrade(
                current_scope(),
                application.id,
                accept=selected,
                user_id=choice.user.id,
            ),
        )
    except InputError as error:
        return AssertionComparison(choice, problem=sentence_of(error))
