"""Try a plugin: install it, sign a user in, and roll everything back.

The plugin preview shows the result to the plugin's author. It comes from the code that admins and
users run later. Nothing is saved, and the next trial calls the plugin again.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ssoko.errors import HookFailed, InputError, NotFound, Refusal, SsokoError
from ssoko.plugin.host.tracebacks import authors_traceback
from ssoko.services.access import assignments
from ssoko.services.applications import install
from ssoko.services.applications.settings import find_integration
from ssoko.services.applications.views import ApplicationView
from ssoko.services.authentication import links, sessions, sign_in
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.marketplace.overview import suggest_name
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.sso.saml import outcomes
from ssoko.services.sso.saml import sign_in as saml_sign_in
from ssoko.services.troubleshooting import test_sp
from ssoko.services.troubleshooting.test_sp import Verdict
from ssoko.store.models.table import database

_CUSTOM = "user.attributes."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSignIn:
    """The sign-in of one user.

    :param sp_initiated: the service provider started it with a SAML request.
    :param filled: custom attributes that the user lacks and a mapper requires; the trial adds
        them with a sample value.
    :param refusal: why the test SP got no response to verify, or empty; ``fix`` says what to do.
    :param verdict: the result of the test SP.
    """

    user: UserView
    sp_initiated: bool = False
    acs_url: str = ""
    filled: tuple[str, ...] = ()
    refusal: str = ""
    fix: str = ""
    traceback: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a plugin does with the values of its install form.

    :param application: as it would be installed; None when it cannot be.
    :param errors: what the form or the plugin rejects: dotted field names to messages.
    :param failure: how a hook failed; ``traceback`` is the plugin's part of it.
    """

    application: ApplicationView | None = None
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    failure: str = ""
    traceback: str = ""
    sign_in: TrialSignIn | None = None


def run_trial(
    scope: Scope,
    slug: str,
    *,
    raw: Mapping[str, Any],
    username: str = "",
) -> Trial:
    """Install an integration, sign a user in and roll back; a failing hook is part of the result.

    :param raw: values of the install form.
    :param username: empty to skip the sign-in.
    :raises NotFound: when the integration is not loaded, or there is no such user.
    """
    scope = replace(scope, actor=SYSTEM)
    loaded = find_integration(scope.services, slug)
    user = users.find_user(scope.workspace_id, username) if username else None
    name = suggest_name(scope.workspace_id, loaded.integration.name)
    with database.atomic() as transaction:
        try:
            application = install.install(scope, integration=slug, name=name, settings=raw)
            trial_sign_in = _sign_in(scope, application, user) if user else None
            return Trial(application=application, sign_in=trial_sign_in)
        except HookFailed as error:
            errors = error.errors if isinstance(error, InputError) else {}
            return Trial(errors=errors, failure=str(error), traceback=hook_traceback(error))
        except InputError as error:
            return Trial(errors=error.errors)
        finally:
            transaction.rollback()


def hook_traceback(error: BaseException) -> str:
    """Return the traceback of the hook that caused an error; empty when none did."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, HookFailed):
        cause = cause.__cause__
    raised = cause.__cause__ if cause is not None else None
    return authors_traceback(raised) if raised is not None else ""


def _sign_in(scope: Scope, application: ApplicationView, user: UserView) -> TrialSignIn:
    sp = application.service_provider
    filled = _fill_required(scope, application, user)
    result = TrialSignIn(
        user=user, sp_initiated=bool(sp.launch_url), acs_url=sp.acs_urls[0], filled=tuple(filled)
    )
    if sp.require_signed_requests:
        return replace(
            result,
            refusal="Not tried: the vendor's key must sign the requests.",
            fix="Fill in the form so that requests need no signature, and try again.",
        )
    if application.default_role is not None:
        assignments.assign_roles(scope, role_ids=[application.default_role.id], user_id=user.id)
    try:
        response = _response(scope.services, application, user, sp_initiated=result.sp_initiated)
    except Refusal as error:
        message = f"{error} Received: {error.received}." if error.received else str(error)
        return replace(result, refusal=message, fix=error.fix, traceback=hook_traceback(error))
    except SsokoError as error:
        return replace(result, refusal=str(error), traceback=hook_traceback(error))
    if not isinstance(response, outcomes.PostResponse) or isinstance(response, outcomes.PostStatus):
        return replace(result, refusal="The sign-in ended without an assertion.")
    result = replace(result, acs_url=response.acs_url)
    if sp.encrypt_assertions:
        return replace(
            result,
            refusal="Sent but not verified: only the vendor's key can decrypt the assertion.",
            fix="Fill in the form so that assertions are not encrypted, and try again.",
        )
    return replace(result, verdict=test_sp.verify_response(application, response))


def _response(
    services: Services, application: ApplicationView, user: UserView, *, sp_initiated: bool
) -> outcomes.Result:
    code = links.create_link(services, purpose="sign-in", user_id=user.id)
    token, workspace = sign_in.sign_in_with_link(services, code, address="", user_agent="trial")
    session = sessions.load_session(services, token)
    if session is None:
        raise NotFound("The session ended during the trial")
    if not sp_initiated:
        return saml_sign_in.launch(services, workspace, application.slug, session=session)
    request_id = f"_{secrets.token_hex(16)}"
    request = test_sp.build_request(application, request_id=request_id, now=services.clock())
    return saml_sign_in.begin(services, application.issuer.id, request, session=session)


def _fill_required(scope: Scope, application: ApplicationView, user: UserView) -> list[str]:
    """Set the custom attributes that mappers require and the user lacks; return their names."""
    required = (m.source for m in application.mappers if m.required)
    keys = {
        source.removeprefix(_CUSTOM).partition("|")[0]
        for source in required
        if source.startswith(_CUSTOM)
    }
    missing = sorted(keys - set(user.attributes))
    if missing:
        attributes = {**user.attributes, **dict.fromkeys(missing, "sample")}
        users.update_user(scope, user.id, attributes=attributes)
    return missing
