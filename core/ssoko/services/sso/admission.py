"""Who may pass now: whether to sign in first, and the one gate of every launch."""

from ssoko.errors import AccessRefused, RequestRefused
from ssoko.saml import names
from ssoko.services.access import decisions, gate
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.sso.attempt import Exchange
from ssoko.services.sso.saml.pending import Pending
from ssoko.services.sso.sign_in_context import Candidate

#: What the person reads; the log has the sentence for admins.
_DENIED = {
    "no-role": "You do not have the role that opens {name}.",
    "role-expired": "The role that opened {name} for you has expired.",
    "user-disabled": "Your account is disabled.",
    "application-disabled": "{name} is disabled.",
    "application-uninstalled": "{name} was uninstalled.",
}

_ADMITTED = "an active user with a role of the application, given directly or through a group"


def has_to_sign_in(
    exchange: Exchange, candidate: Candidate, waiting: Pending | None = None
) -> bool:
    """Tell whether the person has to sign in before the answer.

    ForceAuthn is met by a session that began after its person was asked, and by no other.

    :raises RequestRefused: with NoPassive, when that may not be seen.
    """
    request = exchange.request
    forced = request is not None and request.force_authn
    if forced and waiting is not None and waiting.asked_session is not None:
        renewed = candidate.session_id != waiting.asked_session
        forced = not (renewed and (candidate.authn_at or 0) >= waiting.created_at)
    if candidate.user_id is not None and not forced:
        return False
    if request is not None and request.is_passive:
        raise RequestRefused(
            "no-passive",
            "Nobody is signed in, and the application asked not to be seen signing in.",
            status=names.STATUS_NO_PASSIVE,
            responder=True,
            got="IsPassive with ForceAuthn" if request.force_authn else "IsPassive, no session",
            expected="a session of this workspace",
            rule="SAML core, section 3.4.1 (IsPassive)",
        )
    return True


def require_access(exchange: Exchange, candidate: Candidate) -> None:
    """Let only those through whom the gate lets in.

    :raises AccessRefused: with a sentence for the person.
    :raises RequestRefused: when nothing may be shown to them.
    """
    if exchange.session is not None:
        exchange.passed["person"] = f"{exchange.session.user.display_name} is signed in"
    code = gate.gate(
        user_active=bool(candidate.user_active),
        same_workspace=True,  # the statement joins only sessions of the issuer's workspace
        application_enabled=bool(candidate.enabled),
        application_installed=True,  # and only applications that are
        has_role=bool(candidate.has_role),
        had_role=False,
    )
    if code == "ok":
        exchange.passed["role"] = f"Has a role of {candidate.name}"
        return
    decision = decisions.decide(
        Scope(exchange.services, candidate.workspace_id, SYSTEM),
        user_id=candidate.user_id,
        application_id=candidate.application_id,
    )
    sentence = _DENIED.get(decision.code, _DENIED["no-role"]).format(name=candidate.name)
    request = exchange.request
    if request is not None and request.is_passive:
        raise RequestRefused(
            decision.code,
            sentence,
            status=names.STATUS_REQUEST_DENIED,
            responder=True,
            got=decision.sentence,
            expected=_ADMITTED,
            rule="SAML core, section 3.4.1 (IsPassive): nothing may be shown",
        )
    raise AccessRefused(
        decision.code,
        sentence,
        got=decision.sentence,
        expected=_ADMITTED,
    )
