"""Preview and check the sign-in of one user, without sending anything."""

from ssoko.errors import InputError, NotFound
from ssoko.schemas.troubleshooting import PreviewSchema, ReportSchema
from ssoko.services.applications import views
from ssoko.services.troubleshooting import check as troubleshooting_check
from ssoko.services.troubleshooting import preview as troubleshooting_preview
from ssoko.services.troubleshooting.check import Report
from ssoko.services.troubleshooting.preview import Preview
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint(
    "POST",
    "/applications/<id:application>/preview",
    body=inputs.UserInput,
    returns=PreviewSchema,
)
def preview(call: Call, application: str) -> Preview:
    """Return the NameID, attributes and unsigned assertion that a user would get."""
    application_id, user_id = _find_both(call, application)
    return troubleshooting_preview.preview_sign_in(call.scope, application_id, user_id=user_id)


@endpoint(
    "POST",
    "/applications/<id:application>/check",
    body=inputs.UserInput,
    returns=ReportSchema,
)
def check(call: Call, application: str) -> Report:
    """Check whether the vendor would accept the response that a user would get."""
    application_id, user_id = _find_both(call, application)
    return troubleshooting_check.check(call.scope, application_id, user_id=user_id)


def _find_both(call: Call, application: str) -> tuple[str, str]:
    view = views.get_application(call.scope, application)
    try:
        user = troubleshooting_preview.find_user(call.workspace.id, call.body["user"])
    except NotFound:
        # The URL is right. The body names a user that does not exist.
        raise InputError.of("user", "Send the ID, username or email of a user.") from None
    return view.id, user.id
