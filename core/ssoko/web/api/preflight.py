"""What one person's sign-in would be, before it is tried."""

from ssoko.errors import InputError, NotFound
from ssoko.services import applications, preflight, rehearsal
from ssoko.web.api import render, schemas
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("POST", "/applications/<id:application>/preview", body=schemas.PersonInput)
def preview(call: Call, application: str) -> render.Json:
    """Show the assertion that a user would get, unsigned."""
    app_id, user_id = _both(call, application)
    found = rehearsal.rehearse(call.services, call.workspace.id, app_id, user_id=user_id)
    return render.rehearsal(found)


@endpoint("POST", "/applications/<id:application>/check", body=schemas.PersonInput)
def check(call: Call, application: str) -> render.Json:
    """Judge whether the vendor would accept the answer that a user would get."""
    app_id, user_id = _both(call, application)
    return render.report(preflight.check(call.services, call.workspace.id, app_id, user_id=user_id))


def _both(call: Call, application: str) -> tuple[str, str]:
    found = applications.get_application(call.services, call.workspace.id, application)
    try:
        person = rehearsal.find_person(call.workspace.id, call.body["user"])
    except NotFound:
        # The address is right; what the body points to is not there.
        raise InputError.of("user", "Send the id, user name or e-mail of a user.") from None
    return found.id, person.id
