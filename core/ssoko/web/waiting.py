"""Which application somebody is on the way to, while the sign-in page is shown."""

import re

from ssoko.errors import SsokoError
from ssoko.web.session import current_services, current_workspace

_LAUNCH = re.compile(r"/w/[a-z0-9-]+/launch/([^/?#]+)")


def waiting_application(target: str) -> str:
    """Return the name of the application that ``target`` leads to, or an empty text."""
    from ssoko.services import applications

    found = _LAUNCH.match(target)
    if not found:
        return ""
    try:
        view = applications.get_application(current_services(), current_workspace().id, found[1])
    except SsokoError:
        return ""
    return str(view.name)
