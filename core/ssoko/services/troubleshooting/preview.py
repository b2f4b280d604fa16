"""Preview a sign-in: the NameID, attributes and assertion that a user would get."""

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
from ssoko.services.context import Scope, Services
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.sso import sign_in_context
from ssoko.services.sso.saml.assertion import plugin_attributes, sign_in_as
from ssoko.services.sso.saml.attributes import UserValues, attributes_for
from ssoko.services.sso.saml.authn_request import SATISFIED
from ssoko.services.sso.saml.name_ids import known_pairwise, name_id_for
from ssoko.services.sso.sign_in_context import UserContext
from ssoko.text.names import is_id

#: Replaces a persistent NameID until the first sign-in creates it.
NOT_CREATED = "created-at-the-first-sign-in"
_SESSION_INDEX = "_preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The sign-in that a user would get.

    :param context: application, user and access decision that the sign-in would use.
    :param decision: whether the user has access to the application.
    :param name_id: None when the user has no value for it.
    :param note: how the NameID of a real sign-in differs, or empty.
    :param left_out: mappers for which the user has no value.
    :param refusals: errors that would stop the sign-in of a user who has access.
    :param xml: the indented assertion without a signature; empty when it cannot be built.
    """

    application: ApplicationView
    context: UserContext
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
        """Whether Ssoko would send this assertion."""
        return self.decision.allowed and not self.refusals


def find_user(workspace_id: str, key: str) -> UserView:
    """Return a user by id, username or email address; raises NotFound."""
    if is_id(key):
        try:
            return users.get_user(workspace_id, key)
        except NotFound:
            pass
    return users.find_user(workspace_id, key)


def preview_sign_in(scope: Scope, app_id: str, *, user_id: str) -> Preview:
    """Build the assertion that a user would get now; nothing is written, signed or sent.

    :raises NotFound: when the application or the user is not in the workspace.
    """
    application = get_application(scope, app_id)
    return preview_application(scope, application, user_id=user_id)


def preview_application(scope: Scope, application: ApplicationView, *, user_id: str) -> Preview:
    """Build the same for an application whose settings may not be saved yet."""
    services, workspace_id = scope.services, scope.workspace_id
    user = users.get_user(workspace_id, user_id)
    now = services.clock()
    sign_in = sign_in_context.for_user(workspace_id, application.id, user_id=user.id, now=now)
    if sign_in is None:
        raise NotFound("This application does not exist. It may have been uninstalled.")
    context = sign_in.with_user()
    values = UserValues(context, now=now)
    refusals: list[AccessRefused] = []
    name_id = _name_id(services, application, values, refusals)
    attributes = attributes_for(
        application.mappers,
        values,
        more=_plugin_attributes(services, context, values, refusals),
        refuse=refusals.append,
    )
    names_sent = {attribute.name for attribute in attributes}
    return Preview(
        application=application,
        context=context,
        user=user,
        decision=decisions.decide(scope, user_id=user.id, application_id=application.id),
        name_id=name_id,
        note=_note(name_id),
        attributes=attributes,
        left_out=tuple(m for m in application.mappers if m.name not in names_sent),
        refusals=tuple(refusals),
        xml=_draft(application, name_id, attributes, now, refusals) if name_id else "",
    )


def default_user(scope: Scope, app_id: str, *, preferred: str) -> UserView | None:
    """Return the user to start with: *preferred* if they have access, else the first who has.

    :param preferred: id of a user; empty for no preference.
    """
    if preferred:
        decision = decisions.decide(scope, user_id=preferred, application_id=app_id)
        if decision.allowed:
            return users.get_user(scope.workspace_id, preferred)
    rows = decisions.list_access(scope, app_id, limit=20).items
    return next((row.user for row in rows if row.allowed), None)


def _name_id(
    services: Services,
    application: ApplicationView,
    values: UserValues,
    refusals: list[AccessRefused],
) -> NameId | None:
    try:
        return name_id_for(
            application.service_provider,
            values,
            idp_entity_id=application.issuer.entity_id,
            persistent=lambda user, sp: known_pairwise(user, sp) or NOT_CREATED,
        )
    except AccessRefused as refusal:
        refusals.append(refusal)
        return None


def _note(name_id: NameId | None) -> str:
    if name_id is None:
        return ""
    kind = names.standard_name_id_format(name_id.format)
    if kind == names.NAMEID_TRANSIENT:
        return "This is an example. A transient NameID is random and new for each sign-in."
    if name_id.value == NOT_CREATED and kind == names.NAMEID_PERSISTENT:
        return "The NameID is random. It is created at the first sign-in and stays the same."
    return ""


def _plugin_attributes(
    services: Services,
    context: UserContext,
    values: UserValues,
    refusals: list[AccessRefused],
) -> Sequence[SamlAttribute]:
    try:
        return plugin_attributes(services, context, values)
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
                session_index=_SESSION_INDEX,
                authn_instant=now,
                authn_context=choose_authn_context(None, satisfied=SATISFIED),
                now=now,
            )
        )
    except ValueError as error:
        refusals.append(
            AccessRefused(
                "response-unsendable",
                "Your account has a value that cannot be sent.",
                received=str(error)[:500],
                expected="characters of XML 1.0",
            )
        )
        return ""
