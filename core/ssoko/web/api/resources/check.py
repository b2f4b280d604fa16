"""What one person's sign-in would be, before it is tried."""

from ssoko.errors import InputError, NotFound
from ssoko.schemas import dump
from ssoko.services.applications import views
from ssoko.services.troubleshooting import check as troubleshooting_check
from ssoko.services.troubleshooting import preview as troubleshooting_preview
from ssoko.web.api import inputs
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("POST", "/applications/<id:application>/preview", body=inputs.PersonInput)
def preview(call: Call, application: str) -> dump.Json:
    """Show the assertion that a user would get, unsigned."""
    app_id, user_id = _both(call, application)
    found = troubleshooting_preview.preview_sign_in(call.scope, app_id, user_id=user_id)
    return dump.preview(found)


@endpoint("POST", "/applications/<id:application>/check", body=inputs.PersonInput)
def check(call: Call, application: str) -> dump.Json:
    """Judge whether the vendor would accept the answer that a user would get."""
    app_id, user_id = _both(call, application)
    return dump.report(troubleshooting_check.check(call.scope, app_id, user_id=user_id))


def _both(call: Call, application: str) -> tuple[str, str]:
    found = views.get_application(call.scope, application)
    try:
        person = troubleshooting_preview.find_user(call.workspace.id, call.body["user"])
    except NotFound:
        # The address is right; what the body points to is not there.
        raise InputError.of("user", "Send the ID, username or email of a user.") from None
    return found.id, person.id
