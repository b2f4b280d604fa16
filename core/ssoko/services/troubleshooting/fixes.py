"""Mend what a trace shows with one press, where one press can.

What a trace holds came from a stranger, so nothing is taken from it without a look: an offer says
what will change, and where it could open a door it asks an admin to have compared it with what
the vendor says.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from marshmallow import ValidationError

from ssoko.errors import InputError, NotFound
from ssoko.plugin import checks
from ssoko.services.access import assignments, decisions
from ssoko.services.access.roles import RoleView
from ssoko.services.applications import change
from ssoko.services.applications.views import ApplicationView, find_row, get_application
from ssoko.services.context import SYSTEM, Actor, Scope, Services
from ssoko.services.issuers import keys
from ssoko.services.issuers.keys import CertificateFacts
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting.explanation import Mend
from ssoko.services.troubleshooting.traces import TraceView


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one press would change.

    :param label: words of the button.
    :param done: a sentence when it is so already; then there is nothing to press.
    :param careful: an admin has to say that they compared it with what the vendor says.
    :param certificate: PEM, with its ``facts``.
    :param strange: the host of ``acs_url`` is none of those recorded.
    """

    mend: Mend
    label: str
    application: ApplicationView | None = None
    user: UserView | None = None
    role: RoleView | None = None
    acs_url: str = ""
    certificate: str = ""
    facts: CertificateFacts | None = None
    careful: bool = False
    strange: bool = False
    done: str = ""

    @property
    def host(self) -> str:
        """Host of ``acs_url``, as browsers will take it."""
        return host_of(self.acs_url)


def offer_for(services: Services, workspace_id: str, trace: TraceView) -> Offer | None:
    """Return what one press can do about a trace as things are now, or None."""
    try:
        application = get_application(Scope(services, workspace_id, SYSTEM), trace.application_id)
        user = users.get_user(workspace_id, trace.user_id) if trace.user_id else None
    except NotFound:
        return None
    if trace.mend == "add-acs-url":
        return _offer_acs_url(application, trace.findings.get("acs_url", ""))
    if trace.mend == "trust-certificate":
        return _offer_certificate(application, trace.findings.get("certificate", ""))
    if trace.mend == "enable-application":
        done = f"{application.name} is enabled." if application.enabled else ""
        label = f"Enable {application.name}"
        return Offer(mend=trace.mend, label=label, application=application, done=done)
    if user is None or not trace.mend:
        return None
    if trace.mend == "enable-user":
        done = f"{user.display_name} is enabled." if user.active else ""
        label = f"Enable {user.display_name}"
        return Offer(mend=trace.mend, label=label, application=application, user=user, done=done)
    return _offer_role(services, workspace_id, application, user)


def accept(
    services: Services, workspace_id: str, actor: Actor, trace: TraceView, *, compared: bool
) -> Offer:
    """Do what is offered for a trace, and return the offer.

    :param compared: the admin compared it with what the vendor says.
    :raises NotFound: when nothing is offered any more.
    :raises InputError: at ``compared``, when that has to be done first.
    """
    offer = offer_for(services, workspace_id, trace)
    if offer is None or offer.application is None:
        raise NotFound("There is nothing to press here any more. Look at the application.")
    if offer.done:
        return offer
    if offer.careful and not compared:
        raise InputError.of("compared", "Compare it with what the vendor says, then tick this")
    app_id = offer.application.id
    if offer.mend == "add-acs-url":
        add_acs_url(services, workspace_id, actor, app_id, offer.acs_url)
    elif offer.mend == "trust-certificate":
        trust_certificate(services, workspace_id, actor, app_id, offer.certificate)
    elif offer.mend == "enable-application":
        change.update_application(Scope(services, workspace_id, actor), app_id, enabled=True)
    elif offer.mend == "enable-user" and offer.user:
        users.update_user(Scope(services, workspace_id, actor), offer.user.id, active=True)
    elif offer.role and offer.user:
        assignments.assign_roles(
            Scope(services, workspace_id, actor), role_ids=[offer.role.id], user_id=offer.user.id
        )
    return offer


def add_acs_url(
    services: Services, workspace_id: str, actor: Actor, application_id: str, url: str
) -> None:
    """Add an ACS URL to an application; the first one stays the default.

    :raises InputError: at ``acs_url``: only https, or http on this machine.
    """
    try:
        checks.check_url(url)
    except ValidationError as error:
        raise InputError.of("acs_url", str(error.messages[0])) from None
    _add(services, workspace_id, actor, application_id, "acs_urls", url)


def trust_certificate(
    services: Services, workspace_id: str, actor: Actor, application_id: str, pem: str
) -> None:
    """Add a certificate whose key may sign for the service provider of an application.

    :raises InputError: at ``certificate``, when its key is too weak or it cannot be read.
    """
    try:
        checks.check_certificate(pem)
    except ValidationError as error:
        raise InputError.of("certificate", str(error.messages[0])) from None
    _add(services, workspace_id, actor, application_id, "certificates", pem.strip())


def _add(
    services: Services,
    workspace_id: str,
    actor: Actor,
    application_id: str,
    field: Literal["acs_urls", "certificates"],
    value: str,
) -> None:
    """Add a value where the admin can see and remove it.

    That is in the settings, if they have such a field, or else by hand over the proposal.
    """
    row = find_row(workspace_id, application_id)
    if value in row.service_provider.get(field, ()):
        return
    typed = row.settings.get(field)
    if isinstance(typed, list) and services.registry.get(row.integration):
        view = change.update_application(
            Scope(services, workspace_id, actor), row.id, settings={field: [*typed, value]}
        )
        if value in getattr(view.service_provider, field):
            return
        row = find_row(workspace_id, application_id)
    added: dict[str, list[str]] = {field: [*row.service_provider[field], value]}
    change.update_application(Scope(services, workspace_id, actor), row.id, service_provider=added)


def _offer_acs_url(application: ApplicationView, url: str) -> Offer | None:
    try:
        checks.check_url(url)
    except ValidationError:
        return None
    recorded = application.service_provider.acs_urls
    strange = host_of(url) not in {host_of(one) for one in recorded}
    return Offer(
        mend="add-acs-url",
        label=f"Add this ACS URL to {application.name}",
        application=application,
        acs_url=url,
        strange=strange,
        careful=strange,
        done="This ACS URL is recorded." if url in recorded else "",
    )


def host_of(url: str) -> str:
    """Return host and port of an address, as the browser will take them."""
    return urlsplit(url).netloc.lower()


def _offer_certificate(application: ApplicationView, pem: str) -> Offer | None:
    try:
        checks.check_certificate(pem)
    except ValidationError:
        return None
    facts = keys.describe(pem)
    there = {keys.describe(one).sha256 for one in application.service_provider.certificates}
    return Offer(
        mend="trust-certificate",
        label=f"Trust this certificate for {application.name}",
        application=application,
        certificate=pem,
        facts=facts,
        careful=True,
        done="This certificate is recorded." if facts.sha256 in there else "",
    )


def _offer_role(
    services: Services, workspace_id: str, application: ApplicationView, user: UserView
) -> Offer | None:
    decision = decisions.decide(
        Scope(services, workspace_id, SYSTEM), user_id=user.id, application_id=application.id
    )
    lapsed = max(decision.lapsed, key=lambda assignment: assignment.expires_at or 0, default=None)
    role = lapsed.role if lapsed else application.default_role
    done = f"{user.display_name} gets in." if decision.allowed else ""
    if role is None:
        return None
    return Offer(
        mend="give-role",
        label=f"Give {user.display_name} the role",
        application=application,
        user=user,
        role=role,
        done=done,
    )
