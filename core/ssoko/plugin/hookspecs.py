"""The hook specifications, API 1.0.

Every hook is called on the plugin that owns the application, alone, with keyword arguments; an
implementation names only those that it needs. A hook that raises or answers with the wrong type
stops what was being done for that application, and nothing else.
"""

# mypy: disable-error-code="empty-body"
# Specifications have no bodies.

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping as Settings
    from wsgiref.types import WSGIApplication

    from marshmallow import Schema

    from ssoko.plugin.acceptance import AcceptanceRule
    from ssoko.plugin.values import (
        DefaultRole,
        Integration,
        Mapping,
        MetadataField,
        Person,
        Problem,
        SamlAttribute,
        ServiceProvider,
        Site,
        WebContext,
    )
    from ssoko.plugin.vendor import VendorMetadata

hookspec = pluggy.HookspecMarker("ssoko")


# ---------------------------------------------------------------------------
# Declarations: called once, while the plugin is loaded
# ---------------------------------------------------------------------------


@hookspec(firstresult=True)
def integration() -> "Integration":
    """Describe the integration for the marketplace. Required. New in API 1.0."""


@hookspec(firstresult=True)
def install_form() -> "type[Schema]":
    """Return the marshmallow schema class of the install form. Required.

    Each field carries ``label`` and ``help`` in its ``metadata``, and where useful
    ``placeholder``, ``where_to_find``, ``choices`` (value to label), ``multiline`` and
    ``secret``. The field Name is Ssoko's own and stands before these. New in API 1.0.
    """


@hookspec(firstresult=True)
def metadata_fields() -> "tuple[MetadataField, ...]":
    """Name the values of ours that the vendor asks for, in its words. Required. New in API 1.0."""


@hookspec(firstresult=True)
def default_role() -> "DefaultRole":
    """Name the role that is made with each application. Required. New in API 1.0."""


@hookspec(firstresult=True)
def installation_guide() -> str:
    """Return the guide as Markdown; ``{{ name }}`` stands for a value. Required. New in API 1.0."""


# ---------------------------------------------------------------------------
# Proposals: called at install and update; pure; what they say is recorded
# ---------------------------------------------------------------------------


@hookspec(firstresult=True)
def service_provider(settings: "Settings[str, Any]", site: "Site") -> "ServiceProvider":
    """Turn the install form's values into the vendor's side of the application. Required.

    :param settings: the form's values, as the schema loaded them.
    :param site: where this Ssoko is.

    New in API 1.0.
    """


@hookspec(firstresult=True)
def attribute_mappings(settings: "Settings[str, Any]") -> "tuple[Mapping, ...]":
    """Propose the attributes of the assertion. New in API 1.0."""


@hookspec(firstresult=True)
def check_settings(settings: "Settings[str, Any]") -> "tuple[Problem, ...]":
    """Judge the form's values beyond their types, at every submit.

    An error refuses the form; a warning is shown and stays with the application. New in API 1.0.
    """


@hookspec(firstresult=True)
def settings_from_metadata(
    metadata: "VendorMetadata", settings: "Settings[str, Any]"
) -> "dict[str, Any]":
    """Turn the vendor's metadata into values of the install form.

    With this hook the install page takes the vendor's metadata file, and the application can be
    refreshed from it. Values are as somebody would type them; an empty one means that the
    metadata have none. A value of False never switches anything off.

    :param metadata: one service provider, read and judged.
    :param settings: what is recorded, as the schema loaded it; empty before the install.

    New in API 1.0.
    """


# ---------------------------------------------------------------------------
# Sign-in: called while somebody waits; pure
# ---------------------------------------------------------------------------


@hookspec(firstresult=True)
def saml_attributes(
    settings: "Settings[str, Any]", person: "Person", roles: "tuple[str, ...]"
) -> "tuple[SamlAttribute, ...]":
    """Add attributes that no mapper can express.

    Called once per assertion; must do no I/O. Raising stops the sign-in: the person sees an
    error page and no assertion is sent. Raise ``SignInRefused`` to tell admins why.

    :param roles: names of the roles of this application that let the person in;
        ``person.application_roles`` has their attributes too.

    New in API 1.0.
    """


# ---------------------------------------------------------------------------
# Preflight: called when an admin asks whether a sign-in would work; pure
# ---------------------------------------------------------------------------


@hookspec(firstresult=True)
def acceptance_rules() -> "tuple[AcceptanceRule, ...]":
    """Name what the vendor demands of an answer, to be judged before anybody signs in.

    General rules (role, expiry, required values) are Ssoko's own. New in API 1.0.
    """


# ---------------------------------------------------------------------------
# Pages of a plugin's own
# ---------------------------------------------------------------------------


@hookspec(firstresult=True)
def web_application(context: "WebContext") -> "WSGIApplication":
    """Return a WSGI application for pages of the plugin's own, mounted at ``/plugins/<slug>``.

    Called once per process. It has no access to sessions, users or the database; it sees the
    applications of its own integration, and nothing else. New in API 1.0.
    """
