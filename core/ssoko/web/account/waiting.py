"""The application that a user continues to after signing in, for the sign-in page."""

import re

from ssoko.errors import SsokoError
from ssoko.services.applications import views
from ssoko.services.sso.saml import sign_in
from ssoko.web.framework.session import current_scope, current_services, current_workspace

_PENDING = re.compile(r"/saml/([a-z0-9]+)/continue/([\w-]+)")
_LAUNCH = re.compile(r"/w/([a-z0-9-]+)/launch/([a-z0-9-]+)")


def waiting_application(target: str) -> str:
    """Return the name of the application that ``target`` leads to, or an empty text.

    :param target: path to continue to after signing in.
    """
    services, target = current_services(), target.partition("?")[0]
    if pending := _PENDING.fullmatch(target):
        return sign_in.waiting_application(services, pending[1], pending[2])
    launch = _LAUNCH.fullmatch(target)
    if not launch or launch[1] != current_workspace().slug:
        return ""
    try:
        return views.get_application(current_scope(), launch[2]).name
    except SsokoError:
        return ""
