"""Require access: the one decision for every sign-in to an application, whatever the protocol."""

from ssoko.errors import AccessRefused
from ssoko.services.access import decisions, gate
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.sso.sign_in_context import SignInContext, UserContext

#: What the user reads; the log has the sentence for admins.
_DENIED = {
    "no-role": "You don't have access to {name}.",
    "role-expired": "Your access to {name} has expired.",
    "user-disabled": "Your account is disabled.",
    "application-disabled": "{name} is disabled.",
    "application-uninstalled": "{name} was uninstalled.",
}

_ALLOWED = "an active user with a role of the application, assigned directly or through a group"


def require_enabled(context: SignInContext) -> None:
    """Refuse an application that an admin disabled; raises AccessRefused."""
    if not context.enabled:
        raise AccessRefused(
            "application-disabled",
            f"{context.name} is disabled.",
            received=f"{context.name} is disabled",
            expected="an enabled application",
        )


def uninstalled() -> AccessRefused:
    """Return the refusal for the issuer of an application that was uninstalled."""
    return AccessRefused(
        "application-uninstalled",
        "This application was uninstalled.",
        received="the URL of an uninstalled application",
        expected="an installed application",
    )


def require_access(services: Services, context: SignInContext) -> UserContext:
    """Return the context of a user with access to the application.

    :raises AccessRefused: with a message for the user; ``received`` has the reason for admins.
    """
    code = gate.gate(
        user_active=bool(context.user_active),
        same_workspace=True,  # the statement joins only sessions of the issuer's workspace
        application_enabled=bool(context.enabled),
        application_installed=True,  # and only installed applications
        has_role=bool(context.has_role),
        had_role=False,
    )
    if code == "ok":
        return context.with_user()
    decision = decisions.decide(
        Scope(services, context.workspace_id, SYSTEM),
        user_id=context.user_id or "",
        application_id=context.application_id or "",
    )
    message = _DENIED.get(decision.code, _DENIED["no-role"]).format(name=context.name)
    refusal = AccessRefused(decision.code, message, received=decision.sentence, expected=_ALLOWED)
    refusal.step = "role"
    raise refusal
