"""Notice a proxy that the settings do not name.

Without ``SSOKO_TRUSTED_PROXIES`` all visitors behind a proxy have the proxy's IP address, so that
they share their rate limits.
"""

import ipaddress
import logging

from flask import Flask, current_app, request

_log = logging.getLogger(__name__)

#: Headers that proxies add (RFC 7239, and what was used before it), as WSGI names them.
_HEADERS = {
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
}
_SEEN = "ssoko.proxy"


def init_proxies(app: Flask) -> None:
    """Watch for requests of a proxy while the setting says that there is none."""
    app.extensions[_SEEN] = False
    if not app.extensions["ssoko"].config.trusted_proxies:
        app.before_request(_look)


def has_unknown_proxy() -> bool:
    """Tell whether a proxy that no setting names has sent a request to this process."""
    return bool(current_app.extensions[_SEEN])


def _look() -> None:
    if _HEADERS.isdisjoint(request.environ) or current_app.extensions[_SEEN]:
        return
    # Anyone can send the headers; a proxy is on this machine or in the same network.
    if not _is_near(request.remote_addr or ""):
        return
    current_app.extensions[_SEEN] = True
    _log.warning(
        "A proxy at %s passes requests on, but SSOKO_TRUSTED_PROXIES is 0: all visitors have its "
        "IP address and share their sign-in limits. Set SSOKO_TRUSTED_PROXIES to the number of "
        "proxies, usually 1, and restart",
        request.remote_addr,
    )


def _is_near(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        # A Unix socket has no address.
        return True
