"""Try a plugin out: install it for a moment, sign somebody in, and roll all of it back.

What an author is shown is thus made by the code that makes it for an admin. Nothing stays, and
the next look asks the plugin anew.
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
from ssoko.services.sso.saml import sign_in as saml_sign_in
from ssoko.services.troubleshooting import test_sp
from ssoko.services.troubleshooting.test_sp import Verdict
from ssoko.store.models.table import database

_CUSTOM = "user.attributes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One person's sign-in.

    :param by_request: the vendor began it, with a request.
    :param filled: custom attributes that the person was lent, since a mapper requires them.
    :param refusal: why there was no answer to judge, and ``fix`` what to do; or empty.
    :param verdict: what the service provider made of the answer.
    """

    person: UserView
    by_request: bool = False
    acs_url: str = ""
    filled: tuple[str, ...] = ()
    refusal: str = ""
    fix: str = ""
    traceback: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tryout:
    """What a plugin makes of answers to its install form.

    :param application: as it would be installed; None when it cannot be.
    :param errors: what the form, or the plugin, refuses; dotted field names to messages.
    :param failure: how a hook failed, with the plugin's own part of the traceback.
    """

    application: ApplicationView | None = None
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    failure: str = ""
    traceback: str = ""
    trial: Trial | None = None


def try_out(
    services: Services,
    workspace_id: str,
    slug: str,
    *,
    raw: Mapping[str, Any],
    username: str = "",
) -> Tryout:
    """Install the integration with these answers, sign the user in if one is named, roll back.

    A plugin that fails is what this is for: it is told, not raised.

    :raises NotFound: when the integration is not loaded, or there is no such user.
    """
    loaded = find_integration(services, slug)
    person = users.find_user(workspace_id, username) if username else None
    name = suggest_name(workspace_id, loaded.integration.name)
    with database.atomic() as everything:
        try:
            made = install.install(
                Scope(services, workspace_id, SYSTEM), integration=slug, name=name, settings=raw
            )
            trial = _sign_in(services, workspace_id, made, person) if person else None
            return Tryout(application=made, trial=trial)
        except HookFailed as error:
            errors = error.errors if isinstance(error, InputError) else {}
            return Tryout(errors=errors, failure=str(error), traceback=own_traceback(error))
        except InputError as error:
            return Tryout(errors=error.errors)
        finally:
            everything.rollback()


def own_traceback(error: BaseException) -> str:
    """Return the traceback of what a hook raised, when one is behind the error."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, HookFailed):
        seen = seen.__cause__
    cause = seen.__cause__ if seen is not None else None
    return authors_traceback(cause) if cause is not None else ""


def _sign_in(
    services: Services, workspace_id: str, made: ApplicationView, person: UserView
) -> Trial:
    sp = made.service_provider
    by_request = bool(sp.launch_url)
    filled = _lend(services, workspace_id, made, person)
    trial = Trial(
        person=person, by_request=by_request, acs_url=sp.acs_urls[0], filled=tuple(filled)
    )
    if sp.require_signed_requests:
        return replace(
            trial,
            refusal="Not tried: requests must be signed with the vendor's own key.",
            fix="Answer the form so that requests need no signature, and try again.",
        )
    if made.default_role is not None:
        assignments.assign_roles(
            Scope(services, workspace_id, SYSTEM),
            role_ids=[made.default_role.id],
            user_id=person.id,
        )
    try:
        answer = _answer(services, made, person, by_request=by_request)
    except Refusal as error:
        told = f"{error} Got: {error.got}." if error.got else str(error)
        return replace(trial, refusal=told, fix=error.fix, traceback=own_traceback(error))
    except SsokoError as error:
        return replace(trial, refusal=str(error), traceback=own_traceback(error))
    if not isinstance(answer, saml_sign_in.PostAnswer) or isinstance(
        answer, saml_sign_in.ErrorAnswer
    ):
        return replace(trial, refusal="The sign-in ended without an assertion.")
    trial = replace(trial, acs_url=answer.acs_url)
    if sp.encrypt_assertions:
        return replace(
            trial,
            refusal="Answered, and not judged: the assertion is encrypted for the vendor's key.",
            fix="Answer the form so that assertions are not encrypted, and try again.",
        )
    return replace(trial, verdict=test_sp.judge(made, answer))


def _answer(
    services: Services, made: ApplicationView, person: UserView, *, by_request: bool
) -> saml_sign_in.Answer:
    code = links.create_link(services, purpose="sign-in", user_id=person.id)
    token, workspace = sign_in.sign_in_with_link(services, code, address="", user_agent="tryout")
    session = sessions.load_session(services, token)
    if session is None:
        raise NotFound("The session ended while it was tried")
    if not by_request:
        return saml_sign_in.launch(services, workspace, made.slug, session=session)
    request = test_sp.ask(made, request_id=f"_{secrets.token_hex(16)}", now=services.clock())
    return saml_sign_in.begin(services, made.issuer.id, request, session=session)


def _lend(
    services: Services, workspace_id: str, made: ApplicationView, person: UserView
) -> list[str]:
    """Give the person each custom attribute that a mapper requires, and return their names."""
    required = (m.source for m in made.mappers if m.required)
    keys = {
        source.removeprefix(_CUSTOM).partition("|")[0]
        for source in required
        if source.startswith(_CUSTOM)
    }
    lent = sorted(keys - set(person.attributes))
    if lent:
        attributes = {**person.attributes, **dict.fromkeys(lent, "sample")}
        users.update_user(Scope(services, workspace_id, SYSTEM), person.id, attributes=attributes)
    return lent
