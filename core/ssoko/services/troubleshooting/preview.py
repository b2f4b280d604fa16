"""Preview for a person: what an application would be told at a sign-in, without one."""

from collections.abc import Sequence
from dataclasses import dataclass

from ssoko.errors import AccessRefused, NotFound
from ssoko.plugin import Mapping, SamlAttribute
from ssoko.saml import names
from ssoko.saml.readable import draft_assertion
from ssoko.saml.request import choose_authn_context
from ssoko.saml.response import Attribute, NameId
from ssoko.services.access import decisions
from ssoko.services.access.decisions import Decision
from ssoko.services.applications.views import ApplicationView, get_application
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.issuers import issuers
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.saml.assertion import plugin_attributes, sign_in_as
from ssoko.services.sso.saml.attributes import PersonValues, attributes_for
from ssoko.services.sso.saml.authn_request import SATISFIED
from ssoko.services.sso.saml.name_ids import known_pairwise, name_id_for
from ssoko.services.sso.sign_in_context import Candidate
from ssoko.text.names import is_id

#: Stands for a persistent NameID until the first sign-in makes it.
NOT_YET = "made-at-the-first-sign-in"
_INDEX = "_preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a person's sign-in would be.

    :param decision: whether the gate lets the person in.
    :param name_id: None when the person has no value for it.
    :param note: how the NameID of a real sign-in differs, or empty.
    :param left_out: mappers for which the person has no value.
    :param refusals: what would stop the sign-in after the gate.
    :param xml: the assertion, indented and without a signature; empty when it cannot be written.
    """

    application: ApplicationView
    candidate: Candidate
    user: UserView
    decision: Decision
    name_id: NameId | None
    note: str
    attributes: tuple[Attribute, ...]
    left_out: tuple[Mapping, ...]
    refusals: tuple[AccessRefused, ...]
    xml: str

    @property
    def works(self) -> bool:
        """Whether the sign-in would be answered with this assertion."""
        return self.decision.allowed and not self.refusals


def find_person(workspace_id: str, key: str) -> UserView:
    """Return a user by id, user name or e-mail address; raises NotFound."""
    if is_id(key):
        try:
            return users.get_user(workspace_id, key)
        except NotFound:
            pass
    return users.find_user(workspace_id, key)


def rehearse(services: Services, workspace_id: str, app_id: str, *, user_id: str) -> Rehearsal:
    """Make the assertion that a user would get now; nothing is written, signed or sent.

    :raises NotFound: when the application or the user is not in the workspace.
    """
    application = get_application(Scope(services, workspace_id, SYSTEM), app_id)
    return rehearse_record(services, workspace_id, application, user_id=user_id)


def rehearse_record(
    services: Services, workspace_id: str, application: ApplicationView, *, user_id: str
) -> Rehearsal:
    """Do the same for a record as it is given, be it recorded or not."""
    user = users.get_user(workspace_id, user_id)
    now = services.clock()
    candidate = sign_in_context.for_person(workspace_id, application.id, user_id=user.id, now=now)
    if candidate is None:
        raise NotFound("There is no such application. It may have been uninstalled.")
    person = PersonValues(candidate, now=now)
    refusals: list[AccessRefused] = []
    name_id = _name_id(services, application, person, refusals)
    attributes = attributes_for(
        application.mappers,
        person,
        more=_more(services, candidate, person, refusals),
        refuse=refusals.append,
    )
    return Rehearsal(
        application=application,
        candidate=candidate,
        user=user,
        decision=decisions.decide(
            Scope(services, workspace_id, SYSTEM), user_id=user.id, application_id=application.id
        ),
        name_id=name_id,
        note=_note(name_id),
        attributes=attributes,
        left_out=tuple(
            one for one in application.mappers if one.name not in {a.name for a in attributes}
        ),
        refusals=tuple(refusals),
        xml=_draft(application, name_id, attributes, now, refusals) if name_id else "",
    )


def first_person(
    services: Services, workspace_id: str, app_id: str, *, rather: str
) -> UserView | None:
    """Return somebody to look at: *rather*, a user's id, or the first one whom the gate lets in.

    :param rather: empty for whoever is first.
    """
    if rather:
        decision = decisions.decide(
            Scope(services, workspace_id, SYSTEM), user_id=rather, application_id=app_id
        )
        if decision.allowed:
            return users.get_user(workspace_id, rather)
    rows = decisions.who_gets_in(Scope(services, workspace_id, SYSTEM), app_id, limit=20).items
    return next((row.user for row in rows if row.allowed), None)


def _name_id(
    services: Services,
    application: ApplicationView,
    person: PersonValues,
    refusals: list[AccessRefused],
) -> NameId | None:
    try:
        return name_id_for(
            application.service_provider,
            person,
            idp_entity_id=issuers.entity_id(services.config.base_url, application.issuer.id),
            persistent=lambda user, sp: known_pairwise(user, sp) or NOT_YET,
        )
    except AccessRefused as refusal:
        refusals.append(refusal)
        return None


def _note(name_id: NameId | None) -> str:
    if name_id is None:
        return ""
    if name_id.format == names.NAMEID_TRANSIENT:
        return "An example: it is random and new at each sign-in."
    if name_id.value == NOT_YET and name_id.format == names.NAMEID_PERSISTENT:
        return "It is random, made at the first sign-in, and stays the same from then on."
    return ""


def _more(
    services: Services,
    candidate: Candidate,
    person: PersonValues,
    refusals: list[AccessRefused],
) -> Sequence[SamlAttribute]:
    try:
        return plugin_attributes(services, candidate, person)
    except AccessRefused as refusal:
        refusals.append(refusal)
        return ()


def _draft(
    application: ApplicationView,
    name_id: NameId,
    attributes: tuple[Attribute, ...],
    now: int,
    refusals: list[AccessRefused],
) -> str:
    sp = application.service_provider
    try:
        return draft_assertion(
            sign_in_as(
                sp,
                name_id,
                attributes,
                issuer=application.issuer.entity_id,
                acs_url=sp.acs_urls[0],
                in_response_to=None,
                session_index=_INDEX,
                authn_instant=now,
                authn_context=choose_authn_context(None, satisfied=SATISFIED),
                now=now,
            )
        )
    except ValueError as error:
        refusals.append(
            AccessRefused(
                "answer-unsendable",
                "Your account has a value that cannot be sent.",
                got=str(error)[:500],
                expected="characters of XML 1.0",
                fix="Type the values of this user again.",
            )
        )
        return ""
