"""What another version of a plugin proposes for an application, and what is accepted of it."""

from ssoko.errors import InputError, NotFound
from ssoko.schemas.dump import Json, instant
from ssoko.services.applications import views
from ssoko.services.applications.differences import Difference
from ssoko.services.applications.upgrades import compare
from ssoko.services.applications.upgrades import decide as upgrades_decide
from ssoko.services.applications.upgrades.compare import Upgrade
from ssoko.services.applications.upgrades.parts import Part
from ssoko.services.troubleshooting import preview, preview_difference
from ssoko.services.troubleshooting.preview_difference import AssertionDifference
from ssoko.text.line_difference import Line
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint

_SIGNS = {"same": " ", "added": "+", "removed": "-", "gap": "@"}


@endpoint("GET", "/applications/<id:application>/upgrade", query=inputs.UpgradeQuery)
def show(call: Call, application: str) -> Json:
    """Compare what is recorded with what the loaded plugin proposes; with user, an answer too."""
    found = views.get_application(call.scope, application)
    upgrade = compare.compare(call.scope, found.id)
    shown = _upgrade(upgrade)
    if call.query["user"]:
        shown["answer"] = _answer(_of_user(call, upgrade))
    return shown


@endpoint(
    "POST",
    "/applications/<id:application>/upgrade",
    scope="admin",
    body=inputs.UpgradeDecision,
)
def decide(call: Call, application: str) -> Json:
    """Accept some parts of what the plugin proposes, and keep the others as recorded."""
    sent = call.body
    if bool(sent["accept"]) == sent["keep"]:
        raise InputError.of("accept", "Send accept with the names of parts, or keep: true.")
    found = views.get_application(call.scope, application)
    done = upgrades_decide.decide(
        call.scope,
        found.id,
        accept=sent["accept"],
        digest=sent["digest"],
    )
    return _upgrade(done)


@endpoint("POST", "/applications/<id:application>/upgrade/undo", scope="admin")
def undo(call: Call, application: str) -> Json:
    """Put the record from before the last upgrade back."""
    found = views.get_application(call.scope, application)
    return _upgrade(upgrades_decide.undo_upgrade(call.scope, found.id))


def _of_user(call: Call, upgrade: Upgrade) -> AssertionDifference:
    try:
        person = preview.find_user(call.workspace.id, call.query["user"])
    except NotFound:
        raise InputError.of("user", "Send the ID, username or email of a user.") from None
    return preview_difference.preview_upgrade(
        call.scope,
        upgrade.application.id,
        accept=upgrade.preselected,
        user_id=person.id,
    )


def _upgrade(view: Upgrade) -> Json:
    decided, former = view.decision, view.former
    return {
        "state": view.state,
        "from": view.recorded_by,
        "to": view.loaded,
        "other_distribution": view.other_distribution,
        "digest": view.digest,
        "errors": {name: list(texts) for name, texts in view.errors.items()},
        "problem": view.problem,
        "parts": [_part(part) for part in view.parts],
        "decided": {"at": instant(decided.at), "by": decided.by, "kept": list(decided.kept)}
        if decided
        else None,
        "undo": {"to": former.proposer, "until": instant(former.until)} if former else None,
    }


def _part(view: Part) -> Json:
    return {
        "name": view.name,
        "title": view.title,
        "careful": view.careful,
        "changes": [_difference(one) for one in view.changes],
        "stays": [_difference(one) for one in view.stays],
        "text": _lines(view.lines),
    }


def _difference(view: Difference) -> Json:
    return {
        "name": view.name,
        "label": view.label,
        "recorded": list(view.recorded),
        "proposed": list(view.new),
        "caution": view.caution,
        "stays_because": view.kept,
    }


def _answer(view: AssertionDifference) -> Json:
    return {
        "user": {"id": view.user.id, "name": view.user.display_name},
        "changes": [
            {"label": one.label, "now": list(one.recorded), "afterwards": list(one.new)}
            for one in view.changed
        ],
        "assertion": _lines(view.xml),
    }


def _lines(lines: tuple[Line, ...]) -> list[str]:
    return [f"{_SIGNS[line.kind]}{line.text}" for line in lines]
