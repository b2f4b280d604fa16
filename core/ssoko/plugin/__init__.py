"""All that the author of a plugin imports.

::

    from ssoko.plugin import Integration, hookimpl

    @hookimpl
    def integration() -> Integration:
        return Integration(name="Zoom", summary="Sign in to meetings with one click", ...)

A plugin is a distribution with one entry point per integration in the group
``ssoko.integrations``; the entry point's name is the slug, its object the module (or object)
that holds the hook implementations. The hooks are listed in :mod:`ssoko.plugin.hookspecs`, the
fields of install forms in :mod:`ssoko.plugin.fields`, the validators for them in
:mod:`ssoko.plugin.checks`, the checks of acceptance rules in :mod:`ssoko.plugin.acceptance`.
"""

import pluggy

from ssoko.errors import SignInRefused
from ssoko.plugin import acceptance, checks, fields, sources
from ssoko.plugin.acceptance import AcceptanceRule, Candidate
from ssoko.plugin.values import (
    DefaultRole,
    HeldRole,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Person,
    Problem,
    SamlAttribute,
    ServiceProvider,
    Site,
    WebApplication,
    WebContext,
)
from ssoko.plugin.vendor import LogoutEndpoint, RequestedAttribute, VendorMetadata

#: Version of the hook contract. Minor: a new optional hook, argument or field with a default.
#: Major: something was removed or changed its meaning.
API_VERSION = "1.0"

#: Entry-point group that the registry reads.
ENTRY_POINT_GROUP = "ssoko.integrations"

#: Marks a function as the implementation of the hook of the same name.
hookimpl = pluggy.HookimplMarker("ssoko")

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "AcceptanceRule",
    "Candidate",
    "DefaultRole",
    "HeldRole",
    "Integration",
    "LogoutEndpoint",
    "Mapping",
    "MetadataField",
    "NameIdFormat",
    "Person",
    "Problem",
    "RequestedAttribute",
    "SamlAttribute",
    "ServiceProvider",
    "SignInRefused",
    "Site",
    "VendorMetadata",
    "WebApplication",
    "WebContext",
    "acceptance",
    "checks",
    "fields",
    "hookimpl",
    "sources",
]
