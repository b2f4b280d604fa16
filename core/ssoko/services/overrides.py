"""Fields of a service provider that an admin set by hand over the plugin's proposal.

They are kept apart from the proposal, so that they survive every new one and can be taken back
without the plugin. The record that sign-in reads has them applied.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ssoko.plugin import ServiceProvider
from ssoko.services.records import service_provider_from_json

#: What can be set by hand. Identity (entity ID) stays the plugin's: it is frozen at install.
FIELDS = (
    "name_id_format",
    "name_id_source",
    "sign_response",
    "sign_assertion",
    "require_signed_requests",
    "encrypt_assertions",
    "encryption_method",
    "certificates",
    "encryption_certificates",
    "acs_urls",
    "slo_url",
    "slo_binding",
    "slo_response_url",
    "relay_state",
    "lifetime",
    "session_lifetime",
)

#: Fields that JSON holds as lists.
LISTS = frozenset({"certificates", "encryption_certificates", "acs_urls"})


def apply(proposed: ServiceProvider, overrides: Mapping[str, Any]) -> ServiceProvider:
    """Return the SP as it is recorded: the proposal, with what was set by hand.

    :param overrides: by field; ``acs_urls`` holds further addresses, after the plugin's own.
        Fields that this version does not know are passed over.
    """
    changes: dict[str, Any] = {
        name: tuple(value) if name in LISTS else value
        for name, value in overrides.items()
        if name in FIELDS
    }
    if "acs_urls" in changes:
        changes["acs_urls"] = tuple(dict.fromkeys((*proposed.acs_urls, *changes["acs_urls"])))
    return replace(proposed, **changes)


def proposed_of(row: Any) -> ServiceProvider:
    """Return what the plugin proposed for an application's row, without what was set by hand."""
    return service_provider_from_json(row.proposed.get("service_provider", row.service_provider))
