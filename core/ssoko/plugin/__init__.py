"""The public API: everything that a plugin imports.

::

    from ssoko.plugin import Integration, hookimpl

    @hookimpl
    def integration() -> Integration:
        return Integration(name="Zoom", summary="Sign in to meetings with one click", ...)

A plugin is a distribution with one entry point per integration in the group
``ssoko.integrations``. The name of the entry point is the slug; its object is the module (or
object) with the hook implementations. The hooks are in :mod:`ssoko.plugin.hookspecs`, fields for
install forms in :mod:`ssoko.plugin.fields`, validators in :mod:`ssoko.plugin.checks`, and
acceptance rules in :mod:`ssoko.plugin.acceptance`.
"""

import pluggy

from ssoko.errors import SignInRefused
from ssoko.plugin import acceptance, checks, fields, sources
from ssoko.plugin.acceptance import AcceptanceRule, Candidate
from ssoko.plugin.sp_urls import SpUrls
from ssoko.plugin.values import (
    DefaultRole,
    Fact,
    HeldRole,
    Integration,
    Mapping,
    MetadataField,
    NameIdFormat,
    Person,
    Problem,
    SamlAttribute,
    ServiceProvider,
    Settings,
    Site,
    WebApplication,
    WebContext,
)
from ssoko.plugin.vendor import LogoutEndpoint, RequestedAttribute, VendorMetadata

#: Version of the hook contract. Minor: a new optional hook, argument or field with a default.
#: Major: something is removed or changes its meaning.
API_VERSION = "1.0"

#: Entry-point group of plugins.
ENTRY_POINT_GROUP = "ssoko.integrations"

#: Marks a function as the implementation of the hook of the same name.
hookimpl = pluggy.HookimplMarker("ssoko")

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "AcceptanceRule",
    "Candidate",
    "DefaultRole",
    "Fact",
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
    "Settings",
    "SignInRefused",
    "Site",
    "SpUrls",
    "VendorMetadata",
    "WebApplication",
    "WebContext",
    "acceptance",
    "checks",
    "fields",
    "hookimpl",
    "sources",
]
