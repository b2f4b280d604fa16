"""The table of hooks, API 1.0.

A hook is one entry here: its signature, whether a plugin must implement it, what is used where a
plugin does not, and how the returned value is validated. The loader, the checks and the tests of
the reference read :data:`HOOKS`.

Each hook is called with keyword arguments on the plugin that owns the application, and on no
other. An implementation names only the arguments that it needs. When a hook raises or returns a
value of the wrong type, only the operation that called it fails.
"""

# mypy: disable-error-code="empty-body"
# Specifications have no bodies.

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_type_hints
from wsgiref.types import WSGIApplication

import pluggy
from marshmallow import Schema

from ssoko.plugin import fields
from ssoko.plugin.acceptance import AcceptanceRule
from ssoko.plugin.host import defaults, validate
from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.values import (
    DefaultRole,
    Integration,
    Mapping,
    MetadataField,
    Person,
    Problem,
    SamlAttribute,
    ServiceProvider,
    Settings,
    Site,
    WebContext,
)
from ssoko.plugin.vendor import VendorMetadata

hookspec = pluggy.HookspecMarker("ssoko")


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook.

    :param returns: type of the returned value: the annotation of the specification.
    :param arguments: names of the arguments.
    :param required: a plugin must implement it, or have the file or the attribute.
    :param file: text file in the plugin's package that replaces the hook.
    :param attribute: attribute of the plugin's module that replaces the hook.
    :param default: value used where a plugin does not implement it.
    :param default_from: makes that value out of the slug and the integration.
    :param default_call: called with the form and the hook's arguments where a plugin does not
        implement the hook.
    :param declares: field of ``LoadedIntegration`` for the value of a hook that is called once,
        while the plugin is loaded; empty for the others.
    :param validate: yields what is wrong with a returned value of the right type.
    :param validate_with_form: the same, for a value that refers to fields of the install form.
    """

    name: str
    returns: Any
    arguments: tuple[str, ...]
    required: bool = False
    file: str = ""
    attribute: str = ""
    default: Any = None
    default_from: Callable[[str, Integration], Any] | None = None
    default_call: Callable[..., Any] | None = None
    declares: str = ""
    validate: Callable[[Any], Iterable[Problem]] | None = None
    validate_with_form: Callable[[Any, InstallForm], Iterable[Problem]] | None = None


#: Every hook, by its name, in the order of this module.
HOOKS: dict[str, Hook] = {}


def hook(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add a specification to :data:`HOOKS`, with options of :class:`Hook`."""

    def add(specification: Callable[..., Any]) -> Callable[..., Any]:
        name = specification.__name__
        returns = get_type_hints(specification)["return"]
        arguments = tuple(inspect.signature(specification).parameters)
        HOOKS[name] = Hook(name, returns, arguments, **options)
        return hookspec(firstresult=True)(specification)

    return add


# ---------------------------------------------------------------------------
# Declarations: called once, while the plugin is loaded
# ---------------------------------------------------------------------------


@hook(required=True, declares="integration", validate=validate.integration_problems)
def integration() -> Integration:
    """Describe the integration for the marketplace. Required. New in API 1.0.

    An empty ``description`` is read from ``description.md`` in the plugin's package, and an empty
    ``logo`` from ``logo.svg``, where these files exist.
    """


@hook(required=True, attribute="InstallForm", declares="form", validate=validate.form_problems)
def install_form() -> type[Schema]:
    """Return the marshmallow schema class of the install form.

    Required, unless the plugin's module has a class ``InstallForm``.
    Each field has ``label`` and ``help`` in its ``metadata``, and where useful ``placeholder``,
    ``where_to_find``, ``choices`` (value to label), ``multiline`` and ``secret``. The field Name
    belongs to Ssoko and comes first. New in API 1.0.
    """


@hook(required=True, declares="metadata_fields", validate=validate.metadata_problems)
def metadata_fields() -> tuple[MetadataField, ...]:
    """List the values of Ssoko that the vendor asks for, in its words. Required. New in API 1.0."""


@hook(
    default_from=defaults.default_role,
    declares="default_role",
    validate=validate.default_role_problems,
)
def default_role() -> DefaultRole:
    """Name the role that is created with each application. New in API 1.0.

    The default is ``sso-<slug>-{name}-role``.
    """


@hook(
    required=True,
    file="guide.md",
    declares="guide",
    validate_with_form=validate.guide_problems,
)
def installation_guide() -> str:
    """Return the guide as Markdown; ``{{ name }}`` is replaced by a value. New in API 1.0.

    Required, unless the plugin's package has the guide as ``guide.md``.
    """


# ---------------------------------------------------------------------------
# Proposals: called at install and update; pure; the returned values are recorded
# ---------------------------------------------------------------------------


@hook(required=True, validate=validate.check_service_provider)
def service_provider(settings: Settings, site: Site) -> ServiceProvider:
    """Turn the values of the install form into the service provider. Required.

    :param settings: the form's values, as the schema loaded them.
    :param site: the URLs of this Ssoko and of the plugin's own pages.

    New in API 1.0.
    """


@hook(default=(), validate=validate.check_mappers)
def attribute_mappings(settings: Settings) -> tuple[Mapping, ...]:
    """Propose the attributes of the assertion. New in API 1.0."""


@hook(default_call=fields.warnings)
def check_settings(settings: Settings) -> tuple[Problem, ...]:
    """Check the form's values beyond their types, at every submit.

    An error refuses the form. A warning is shown with the application. The default warns of values
    that do not match ``usual`` of their field. New in API 1.0.
    """


@hook(default=MappingProxyType({}))
def settings_from_metadata(metadata: VendorMetadata, settings: Settings) -> dict[str, Any]:
    """Turn the vendor's SAML metadata into values of the install form.

    With this hook the install page accepts the vendor's metadata file, and the application can be
    refreshed from it. Return values as an admin types them, and an empty value where the metadata
    has none. False never switches anything off.

    :param metadata: one service provider, parsed and validated.
    :param settings: the recorded settings, as the schema loaded them; empty before the install.

    New in API 1.0.
    """


@hook(default_call=defaults.keep_settings)
def migrate_settings(settings: Settings, from_version: str) -> dict[str, Any]:
    """Turn settings that another version of the plugin stored into values of this form.

    Called before the recorded settings are used or shown, until they are saved with this version.
    Return the values that change, by the names of fields. The recorded values are kept, so that
    a downgrade finds them again. The default changes nothing. New in API 1.0.

    :param settings: all recorded values, also those of fields that this form does not have.
    :param from_version: version of the plugin that stored them, such as ``0.1.0``.
    """


# ---------------------------------------------------------------------------
# Sign-in: called while a user waits; pure
# ---------------------------------------------------------------------------


@hook(default=(), validate=validate.check_attributes)
def saml_attributes(
    settings: Settings, person: Person, roles: tuple[str, ...]
) -> tuple[SamlAttribute, ...]:
    """Add attributes that no mapper can express.

    Called once per assertion; must do no I/O. Raising stops the sign-in: the user sees an error
    page and no assertion is sent. Raise ``SignInRefused`` to show admins the reason.

    :param roles: names of the roles of this application that give the user access;
        ``person.application_roles`` has their attributes too.

    New in API 1.0.
    """


# ---------------------------------------------------------------------------
# Checks: called when an admin checks the connection; pure
# ---------------------------------------------------------------------------


@hook(default=(), validate=validate.check_rules)
def acceptance_rules() -> tuple[AcceptanceRule, ...]:
    """List what the vendor requires of a SAML response.

    Ssoko checks role, expiry and required values for every vendor. New in API 1.0.
    """


# ---------------------------------------------------------------------------
# Pages of the plugin
# ---------------------------------------------------------------------------


@hook()
def web_application(context: WebContext) -> WSGIApplication:
    """Return a WSGI application for the plugin's own pages, mounted at ``/plugins/<slug>``.

    Called once per process. It has no access to sessions, users or the database; it sees the
    applications of its own integration, and nothing else. New in API 1.0.
    """
