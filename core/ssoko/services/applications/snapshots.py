"""A plugin's complete proposal for an application, and the one that is recorded."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ssoko.plugin.host.record import (
    mappers_from_json,
    mappers_to_json,
    metadata_fields_from_json,
    metadata_fields_to_json,
    service_provider_from_json,
    service_provider_to_json,
)
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications.proposals import Proposal
from ssoko.store.models.applications import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One proposal as JSON, so that two can be compared.

    :param default_role: ``name`` and ``description`` as the plugin defines them, with ``{name}``;
        empty when they were never recorded.
    :param adds_attributes: the plugin adds attributes at each sign-in.
    :param integration: its slug.
    """

    service_provider: dict[str, Any]
    mappers: list[dict[str, Any]]
    default_role: dict[str, str]
    metadata_fields: list[dict[str, Any]]
    guide: str
    vendor: str
    monogram: str
    adds_attributes: bool
    integration: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the proposal, in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def offered(loaded: LoadedIntegration, proposal: Proposal) -> Snapshot:
    """Return what a loaded plugin proposes."""
    about = loaded.integration
    return Snapshot(
        service_provider=service_provider_to_json(proposal.service_provider),
        mappers=mappers_to_json(proposal.mappers),
        default_role=role_texts(loaded),
        metadata_fields=metadata_fields_to_json(loaded.metadata_fields),
        guide=loaded.guide,
        vendor=about.vendor or about.name,
        monogram=about.monogram,
        adds_attributes="saml_attributes" in loaded.hooks,
        integration=loaded.slug,
    )


def recorded(row: Application, *, like: Snapshot) -> Snapshot:
    """Return the last proposal that an application has recorded.

    Fields that are new in this version of Ssoko have their defaults, so that an upgrade of Ssoko
    itself is not a difference.

    :param like: used for values that were never recorded.
    """
    proposed = row.proposed
    provider = proposed.get("service_provider", row.service_provider)
    return Snapshot(
        service_provider=service_provider_to_json(service_provider_from_json(provider)),
        mappers=mappers_to_json(mappers_from_json(proposed.get("mappers", row.mappers))),
        default_role=_texts(proposed.get("default_role")) or like.default_role,
        metadata_fields=metadata_fields_to_json(metadata_fields_from_json(row.metadata_fields)),
        guide=row.guide,
        vendor=row.vendor,
        monogram=row.monogram,
        adds_attributes=proposed.get("adds_attributes", like.adds_attributes),
        integration=row.integration,
    )


def role_texts(loaded: LoadedIntegration) -> dict[str, str]:
    """Return the default role as the plugin defines it."""
    role = loaded.default_role
    return {"name": role.name, "description": role.description}


def proposer(distribution: str, version: str, *, slug: str = "") -> str:
    """Return the name of the proposing plugin, such as ``ssoko-aws 0.2``."""
    return f"{distribution or slug} {version}".strip()


def _texts(role: Mapping[str, str] | None) -> dict[str, str]:
    return {name: str(role[name]) for name in ("name", "description")} if role else {}
