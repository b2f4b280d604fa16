"""Updates of a plugin: compare its proposal with the record, and accept parts of it."""

from ssoko.errors import InputError, NotFound
from ssoko.schemas.upgrades import UpgradeForUser, UpgradeForUserSchema, UpgradeSchema
from ssoko.services.applications import views
from ssoko.services.applications.upgrades import compare
from ssoko.services.applications.upgrades import decide as upgrades_decide
from ssoko.services.applications.upgrades import move as upgrades_move
from ssoko.services.applications.upgrades.compare import Upgrade
from ssoko.services.troubleshooting import preview, preview_difference
from ssoko.services.troubleshooting.preview_difference import AssertionDifference
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint(
    "GET",
    "/applications/<id:application>/upgrade",
    query=inputs.UpgradeQuery,
    returns=UpgradeForUserSchema,
)
def show(call: Call, application: str) -> UpgradeForUser:
    """Compare the proposal of the loaded plugin with the record.

    With ``user``, the result also has that user's assertion before and after the upgrade.
    """
    view = views.get_application(call.scope, application)
    upgrade = compare.compare(call.scope, view.id)
    return UpgradeForUser(upgrade, _compare_for_user(call, upgrade) if call.query["user"] else None)


@endpoint(
    "POST",
    "/applications/<id:application>/upgrade",
    scope="admin",
    body=inputs.UpgradeDecision,
    returns=UpgradeSchema,
    errors=(409, 502),
)
def decide(call: Call, application: str) -> Upgrade:
    """Accept some parts of the proposal, and keep the others as recorded."""
    body = call.body
    if bool(body["accept"]) == body["keep"]:
        raise InputError.of("accept", "Send accept with the names of parts, or keep: true.")
    view = views.get_application(call.scope, application)
    return upgrades_decide.decide(
        call.scope,
        view.id,
        accept=body["accept"],
        digest=body["digest"],
    )


@endpoint(
    "POST",
    "/applications/<id:application>/upgrade/undo",
    scope="admin",
    returns=UpgradeSchema,
    errors=(409,),
)
def undo(call: Call, application: str) -> Upgrade:
    """Restore the record from before the last upgrade."""
    view = views.get_application(call.scope, application)
    return upgrades_decide.undo_upgrade(call.scope, view.id)


@endpoint(
    "POST",
    "/applications/<id:application>/move",
    scope="admin",
    body=inputs.Move,
    returns=UpgradeSchema,
    errors=(409, 502),
)
def move(call: Call, application: str) -> Upgrade:
    """Move an application to another integration, or compare only."""
    body = call.body
    view = views.get_application(call.scope, application)
    to = {"integration": body["integration"], "settings": body["settings"]}
    try:
        if not body["accept"]:
            return upgrades_move.compare_move(call.scope, view.id, **to)
        return upgrades_move.move(
            call.scope, view.id, **to, accept=body["accept"], digest=body["digest"]
        )
    except NotFound as error:
        raise InputError.of("integration", str(error)) from None


def _compare_for_user(call: Call, upgrade: Upgrade) -> AssertionDifference:
    try:
        user = preview.find_user(call.workspace.id, call.query["user"])
    except NotFound:
        raise InputError.of("user", "Send the ID, username or email of a user.") from None
    return preview_difference.preview_upgrade(
        call.scope,
        upgrade.application.id,
        accept=upgrade.preselected,
        user_id=user.id,
    )
