"""One attempt to sign in or out at a service provider: what was received, and what was found in the
database.
"""

from dataclasses import dataclass

from ssoko.saml.bindings import Inbound
from ssoko.saml.logout import LogoutRequest, LogoutResponse
from ssoko.saml.request import AuthnRequest, Terms
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import Services
from ssoko.services.people.users import UserView
from ssoko.services.sso.sign_in_context import SignInContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is known of one attempt; each step adds what it found with ``dataclasses.replace``.

    The entry in the activity log, and the trace of a refusal, are built from it at the end.

    :param now: seconds since the epoch, UTC.
    :param issuer_id: empty until known, for a launch by name.
    :param started: ``sp``, ``ssoko`` for an IdP-initiated launch, or ``logout`` for a message about
        signing out.
    :param address: IP address of the browser.
    :param binding: URI of the binding of the message; empty without one.
    :param pending_id: ID of the pending request that is continued, if any.
    :param inbound: the decoded message; ``raw`` is one that could not be decoded.
    :param logout: the message, when the attempt is about signing out.
    :param context: the application, user and access decision, once found.
    :param terms: how the request is responded to, once judged.
    """

    services: Services
    now: int
    issuer_id: str = ""
    started: str = "sp"
    session: SignedIn | None = None
    address: str = ""
    binding: str = ""
    relay_state: str = ""
    pending_id: str = ""
    inbound: Inbound | None = None
    raw: str = ""
    request: AuthnRequest | None = None
    logout: LogoutRequest | LogoutResponse | None = None
    context: SignInContext | None = None
    terms: Terms | None = None

    @property
    def session_id(self) -> str:
        return self.session.session_id if self.session else ""

    def user_in(self, context: SignInContext) -> UserView | None:
        """Return the signed-in user, if the session is of the workspace of *context*."""
        return self.session.user if self.session and context.user_id else None
