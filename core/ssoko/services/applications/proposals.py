"""Ask a plugin what it proposes for an application; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ssoko.errors import InputError
from ssoko.plugin import Mapping as AttributeMapping
from ssoko.plugin import Problem, ServiceProvider, Site
from ssoko.plugin.host.record import (
    mappers_to_json,
    metadata_fields_to_json,
    service_provider_to_json,
)
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications.overrides import apply_checked
from ssoko.services.context import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a plugin proposes for an install form's values.

    :param warnings: notes for the admin; they do not stop the install.
    """

    service_provider: ServiceProvider
    mappers: tuple[AttributeMapping, ...]
    warnings: tuple[Problem, ...]


def propose(services: Services, loaded: LoadedIntegration, values: Mapping[str, Any]) -> Proposal:
    """Call the pure hooks of a plugin with loaded values.

    :raises InputError: when the plugin or core refuses the values.
    :raises HookFailed: when the plugin is at fault.
    """
    problems = check(services, loaded, values)
    errors: dict[str, list[str]] = {}
    for problem in problems:
        if problem.level == "error":
            errors.setdefault(problem.field, []).append(problem.message)
    if errors:
        raise InputError({}, errors)
    base_url = services.config.base_url
    site = Site(base_url=base_url, plugin_url=f"{base_url}/plugins/{loaded.slug}")
    call = services.registry.call
    return Proposal(
        service_provider=call(loaded.slug, "service_provider", settings=values, site=site),
        mappers=call(loaded.slug, "attribute_mappings", settings=values) or (),
        warnings=tuple(p for p in problems if p.level == "warning"),
    )


def check(
    services: Services, loaded: LoadedIntegration, values: Mapping[str, Any]
) -> tuple[Problem, ...]:
    """Return the plugin's errors and warnings about the values."""
    problems = services.registry.call(loaded.slug, "check_settings", settings=values) or ()
    return tuple(replace(p, field=loaded.form.name_of(p.field)) for p in problems)


def columns(
    loaded: LoadedIntegration,
    proposal: Proposal,
    *,
    overrides: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the columns of an application that record a proposal, except the mappers.

    :param overrides: set by an admin; see :mod:`ssoko.services.applications.overrides`.
    :raises InputError: at a field of the service provider, when they contradict each other.
    """
    integration = loaded.integration
    recorded = apply_checked(proposal.service_provider, overrides)
    return {
        "distribution": loaded.distribution,
        "version": loaded.version,
        "vendor": integration.vendor or integration.name,
        "monogram": integration.monogram,
        "sp_entity_id": recorded.entity_id,
        "service_provider": service_provider_to_json(recorded),
        "proposed": {
            "service_provider": service_provider_to_json(proposal.service_provider),
            "mappers": mappers_to_json(proposal.mappers),
            "adds_attributes": "saml_attributes" in loaded.hooks,
        },
        "metadata_fields": metadata_fields_to_json(loaded.metadata_fields),
        "guide": loaded.guide,
    }


def mapper_column(proposal: Proposal) -> list[dict[str, Any]]:
    """Return the column of an application that records the proposed mappers."""
    return mappers_to_json(proposal.mappers)
