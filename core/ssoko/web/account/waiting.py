"""The application that a user continues to after signing in, for the sign-in page."""

import re

from ssoko.services.sso.saml import sign_in
from ssoko.web.framework.session import current_services

_PENDING = re.compile(r"/saml/([a-z0-9]+)/continue/([\w-]+)")


def waiting_application(target: str) -> str:
    """Return the name of the application whose request ``target`` continues, or an empty text.

    A launch link names no application here: anyone could try names.

    :param target: path to continue to after signing in.
    """
    pending = _PENDING.fullmatch(target.partition("?")[0])
    if pending is None:
        return ""
    return sign_in.waiting_application(current_services(), pending[1], pending[2])
