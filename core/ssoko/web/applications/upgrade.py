"""An upgrade of the plugin: what it proposes for one application, to be accepted or kept out."""

from collections.abc import Collection
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, InputError, PluginError, SsokoError
from ssoko.services.applications.upgrades import compare, decide
from ssoko.services.applications.views import ApplicationView
from ssoko.services.troubleshooting import preview_difference
from ssoko.services.troubleshooting.preview_difference import AssertionDifference
from ssoko.web.applications.check import Choice, choose
from ssoko.web.applications.page import find, render_tab
from ssoko.web.framework.responses import Answer, posted, refused, see, sentence_of
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
)

#: What stands before a part's name in the form.
_PART = "part-"


@dataclass(frozen=True, slots=True)
class Compared:
    """One person's answer as it is and as it would be, or why it cannot be said."""

    choice: Choice
    found: AssertionDifference | None = None
    problem: str = ""


@admin_only
def upgrade(slug: str) -> Answer:
    """Show what the loaded plugin proposes; record what is accepted of it."""
    application = find(slug)
    if request.method == "POST" and posted("do") in ("record", "keep"):
        try:
            return _record(application)
        except (InputError, PluginError) as error:
            return _page(application, problem=sentence_of(error)), _status(error)
    return _page(application)


@admin_only
def put_back(slug: str) -> Response:
    """Put the record from before the last upgrade back."""
    application = find(slug)
    try:
        decide.undo_upgrade(current_scope(), application.id)
    except InputError as error:
        return refused(error, "applications.upgrade", slug=slug)
    message = "The former record is back. People sign in by it from now on."
    return see("applications.upgrade", message, slug=slug)


def field_labels(application: ApplicationView) -> dict[str, str]:
    """Return what the install form calls its fields."""
    loaded = current_services().registry.get(application.integration)
    fields = loaded.form().load_fields if loaded else {}
    return {name: str(field.metadata.get("label") or name) for name, field in fields.items()}


def _record(application: ApplicationView) -> Response:
    seen = posted("seen")
    done = decide.decide(
        current_scope(),
        application.id,
        accept=() if posted("do") == "keep" else _chosen(),
        digest=posted("digest"),
        seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else -1,
    )
    kept = done.decision.kept if done.decision else ()
    if posted("do") == "keep" or not _chosen():
        message = f"{application.name} stays as it is recorded, until another version."
    elif kept:
        message = f"Recorded. Kept as it was: {', '.join(kept)}."
    else:
        message = f"{application.name} is recorded as {done.loaded} proposes it."
    return see("applications.upgrade", message, slug=application.slug)


def _status(error: SsokoError) -> int:
    if isinstance(error, InputError):
        return 409 if isinstance(error, Conflict) else 422
    return 502


def _page(application: ApplicationView, *, problem: str = "") -> str:
    found = compare.compare(current_scope(), application.id)
    accepted = _chosen() if request.method == "POST" else found.preselected
    return render_tab(
        "overview",
        application,
        template="upgrade",
        upgrade=found,
        accepted=accepted,
        problem=problem,
        prefix=_PART,
        labels=field_labels(application) if found.errors else {},
        compared=_compared(application, accepted) if found.parts else None,
    )


def _chosen() -> frozenset[str]:
    return frozenset(
        name.removeprefix(_PART)
        for name, value in request.form.items()
        if name.startswith(_PART) and value == "accept"
    )


def _compared(application: ApplicationView, accepted: Collection[str]) -> Compared:
    choice = choose(application, posted("person") or request.args.get("person", "").strip())
    if choice.person is None:
        return Compared(choice)
    try:
        return Compared(
            choice,
            preview_difference.preview_upgrade(
                current_scope(),
                application.id,
                accept=accepted,
                user_id=choice.person.id,
            ),
        )
    except InputError as error:
        return Compared(choice, problem=sentence_of(error))
