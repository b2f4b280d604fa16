"""Fixes that Ssoko can apply for a failed sign-in.

The content of a trace comes from an untrusted sender. So a fix shows what it will change, and a
fix that could give an attacker access requires an admin who compared the value with the vendor's.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from marshmallow import ValidationError

from ssoko.errors import InputError, NotFound
from ssoko.plugin import checks
from ssoko.saml import names
from ssoko.saml.request import ANSWERED_FORMATS
from ssoko.services.access import assignments, decisions
from ssoko.services.access.roles import RoleView
from ssoko.services.applications import change
from ssoko.services.applications.views import ApplicationView, find_row, get_application
from ssoko.services.context import Scope
from ssoko.services.issuers import keys
from ssoko.services.issuers.keys import CertificateFacts
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.troubleshooting.catalog import CATALOG
from ssoko.services.troubleshooting.explanations import FixAction
from ssoko.services.troubleshooting.traces import TraceView

_TEXTS = CATALOG["fixes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A change that Ssoko can make.

    :param needed: false when the change was already made.
    :param name_id_format: URI.
    :param certificate: PEM; ``facts`` describe it.
    :param unknown_host: no registered ACS URL has the host of ``acs_url``.
    :param confirm: an admin must confirm that they compared the value with the vendor's.
    """

    action: FixAction
    application: ApplicationView
    needed: bool
    user: UserView | None = None
    role: RoleView | None = None
    acs_url: str = ""
    name_id_format: str = ""
    certificate: str = ""
    facts: CertificateFacts | None = None
    unknown_host: bool = False
    confirm: bool = False

    @property
    def label(self) -> str:
        """The text of the button."""
        return self._text("label")

    @property
    def applied(self) -> str:
        """The message after the change."""
        return self._text("applied")

    @property
    def done(self) -> str:
        """The state when the change is no longer needed."""
        return self._text("done")

    @property
    def host(self) -> str:
        """Host of ``acs_url``, as browsers read it."""
        return host_of(self.acs_url)

    def _text(self, kind: str) -> str:
        text: str = _TEXTS[self.action][kind]
        return text.format(
            app=self.application.name,
            user=self.user.display_name if self.user else "",
            role=self.role.name if self.role else "",
            format=self.name_id_format.rpartition(":")[2],
        )


def find_fix(scope: Scope, trace: TraceView) -> Fix | None:
    """Return the fix for a trace in the current state of the workspace, or None."""
    try:
        application = get_application(scope, trace.application_id)
        user = users.get_user(scope.workspace_id, trace.user_id) if trace.user_id else None
    except NotFound:
        return None
    if trace.fix_action == "add-acs-url":
        return _add_acs_url(application, trace.findings.get("acs_url", ""))
    if trace.fix_action == "set-name-id-format":
        return _set_name_id_format(application, trace.findings.get("name_id_format", ""))
    if trace.fix_action == "trust-certificate":
        return _trust_certificate(application, trace.findings.get("certificate", ""))
    if trace.fix_action == "enable-application":
        return Fix(action=trace.fix_action, application=application, needed=not application.enabled)
    if trace.fix_action == "enable-user" and user:
        return Fix(
            action=trace.fix_action, application=application, user=user, needed=not user.active
        )
    if trace.fix_action == "assign-role" and user:
        return _assign_role(scope, application, user)
    return None


def apply_fix(scope: Scope, trace: TraceView, *, compared: bool) -> Fix:
    """Apply the fix for a trace, unless it is no longer needed, and return it.

    :param compared: the admin confirms that they compared the value with the vendor's.
    :raises NotFound: when the trace has no fix now.
    :raises InputError: at ``compared``, when the fix requires that confirmation.
    """
    fix = find_fix(scope, trace)
    if fix is None:
        raise NotFound("This fix is no longer available. Open the application to see its state.")
    if not fix.needed:
        return fix
    if fix.confirm and not compared:
        raise InputError.of("compared", "Compare it with the vendor's value, then select this box")
    app_id = fix.application.id
    if fix.action == "add-acs-url":
        add_acs_url(scope, app_id, fix.acs_url)
    elif fix.action == "set-name-id-format":
        set_name_id_format(scope, app_id, fix.name_id_format)
    elif fix.action == "trust-certificate":
        trust_certificate(scope, app_id, fix.certificate)
    elif fix.action == "enable-application":
        change.update_application(scope, app_id, enabled=True)
    elif fix.action == "enable-user" and fix.user:
        users.update_user(scope, fix.user.id, active=True)
    elif fix.role and fix.user:
        assignments.assign_roles(scope, role_ids=[fix.role.id], user_id=fix.user.id)
    return fix


def add_acs_url(scope: Scope, application_id: str, url: str) -> None:
    """Add an ACS URL to an application; the first one stays the default.

    :raises InputError: at ``acs_url``, unless it is https, or http to a loopback address.
    """
    try:
        checks.check_url(url)
    except ValidationError as error:
        raise InputError.of("acs_url", str(error.messages[0])) from None
    _add(scope, application_id, "acs_urls", url)


def set_name_id_format(scope: Scope, application_id: str, uri: str) -> None:
    """Set the NameID format of an application.

    :raises InputError: at ``name_id_format``, when it is no URI.
    """
    try:
        checks.check_name_id_format(uri)
    except ValidationError as error:
        raise InputError.of("name_id_format", str(error.messages[0])) from None
    row = find_row(scope.workspace_id, application_id)
    if "name_id_format" in row.settings and scope.services.registry.get(row.integration):
        view = change.update_application(scope, row.id, settings={"name_id_format": uri})
        if view.service_provider.name_id_format == uri:
            return
    change.update_application(scope, row.id, service_provider={"name_id_format": uri})


def trust_certificate(scope: Scope, application_id: str, pem: str) -> None:
    """Add a signing certificate to the service provider of an application.

    :raises InputError: at ``certificate``, when it cannot be read or its key is too weak.
    """
    try:
        checks.check_certificate(pem)
    except ValidationError as error:
        raise InputError.of("certificate", str(error.messages[0])) from None
    _add(scope, application_id, "certificates", pem.strip())


def host_of(url: str) -> str:
    """Return host and port of a URL, as browsers read them."""
    return urlsplit(url).netloc.lower()


def _add(
    scope: Scope,
    application_id: str,
    field: Literal["acs_urls", "certificates"],
    value: str,
) -> None:
    """Add a value where the admin can see and remove it.

    The settings come first, if they have this field; otherwise the value overrides the plugin's.
    """
    row = find_row(scope.workspace_id, application_id)
    if value in row.service_provider.get(field, ()):
        return
    setting = row.settings.get(field)
    if isinstance(setting, list) and scope.services.registry.get(row.integration):
        view = change.update_application(scope, row.id, settings={field: [*setting, value]})
        if value in getattr(view.service_provider, field):
            return
        row = find_row(scope.workspace_id, application_id)
    override: dict[str, list[str]] = {field: [*row.service_provider[field], value]}
    change.update_application(scope, row.id, service_provider=override)


def _add_acs_url(application: ApplicationView, url: str) -> Fix | None:
    try:
        checks.check_url(url)
    except ValidationError:
        return None
    registered = application.service_provider.acs_urls
    unknown_host = host_of(url) not in {host_of(acs_url) for acs_url in registered}
    return Fix(
        action="add-acs-url",
        application=application,
        needed=url not in registered,
        acs_url=url,
        unknown_host=unknown_host,
        confirm=unknown_host,
    )


def _set_name_id_format(application: ApplicationView, uri: str) -> Fix | None:
    """Return the fix for a format that Ssoko can make; no plugin knows values for others."""
    if names.standard_name_id_format(uri) not in ANSWERED_FORMATS:
        return None
    recorded = names.standard_name_id_format(application.service_provider.name_id_format)
    open_or_same = (names.NAMEID_UNSPECIFIED, names.standard_name_id_format(uri))
    return Fix(
        action="set-name-id-format",
        application=application,
        needed=recorded not in open_or_same,
        name_id_format=uri,
        confirm=True,
    )


def _trust_certificate(application: ApplicationView, pem: str) -> Fix | None:
    try:
        checks.check_certificate(pem)
    except ValidationError:
        return None
    facts = keys.describe(pem)
    registered = {keys.describe(c).sha256 for c in application.service_provider.certificates}
    return Fix(
        action="trust-certificate",
        application=application,
        needed=facts.sha256 not in registered,
        certificate=pem,
        facts=facts,
        confirm=True,
    )


def _assign_role(scope: Scope, application: ApplicationView, user: UserView) -> Fix | None:
    """Return the fix that assigns the role that expired last, or the default role."""
    decision = decisions.decide(scope, user_id=user.id, application_id=application.id)
    expired = max(decision.lapsed, key=lambda assignment: assignment.expires_at or 0, default=None)
    role = expired.role if expired else application.default_role
    if role is None:
        return None
    return Fix(
        action="assign-role",
        application=application,
        needed=not decision.allowed,
        user=user,
        role=role,
    )
