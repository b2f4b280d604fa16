"""Move an application to another integration, such as from custom SAML to the vendor's plugin.

The new plugin's proposal is reviewed like an update: an admin decides about each part, and the
entity ID, issuer, roles and activity of the application stay. The last move can be undone.
"""

from collections.abc import Collection, Mapping
from typing import Any

from ssoko.errors import InputError
from ssoko.services.applications import proposals, settings, snapshots
from ssoko.services.applications.upgrades.compare import (
    Proposals,
    Upgrade,
    comparison,
    with_recorded,
)
from ssoko.services.applications.upgrades.decide import decide_about
from ssoko.services.applications.views import find_row
from ssoko.services.context import Scope


def compare_move(
    scope: Scope, app_id: str, *, integration: str, settings: Mapping[str, Any]
) -> Upgrade:
    """Return what moving to another integration would change; nothing is written.

    :param settings: values of the other integration's install form, as typed.
    :raises InputError: at ``integration``, or with the settings that are wrong.
    :raises NotFound: when the integration is not loaded.
    """
    offered = _proposals(scope, app_id, integration, settings)
    return comparison(scope, offered.row, offered)


def move(
    scope: Scope,
    app_id: str,
    *,
    integration: str,
    settings: Mapping[str, Any],
    accept: Collection[str],
    digest: str | None = None,
    seen: int | None = None,
) -> Upgrade:
    """Move an application to another integration, with the accepted parts of its proposal.

    :param accept: names of parts, at least one.
    :param digest: of the shown :class:`Upgrade`, and ``seen`` likewise, if known.
    :raises InputError: as :func:`compare_move`, or at ``accept``; nothing is written.
    :raises Conflict: when the plugin or the application changed since.
    """
    if not accept:
        raise InputError.of("accept", "Choose at least one part to move the application.")
    offered = _proposals(scope, app_id, integration, settings)
    return decide_about(scope, offered, accept=accept, digest=digest, seen=seen)


def _proposals(scope: Scope, app_id: str, integration: str, raw: Mapping[str, Any]) -> Proposals:
    row = find_row(scope.workspace_id, app_id)
    loaded = settings.find_integration(scope.services, integration)
    if loaded.slug == row.integration:
        raise InputError.of(
            "integration", f"{row.name} is an application of {loaded.integration.name} already."
        )
    values = settings.load(loaded, raw)
    new = snapshots.offered(loaded, proposals.propose(scope.services, loaded, values))
    stored = settings.dump(scope.services, loaded, values, application_id=row.id)
    return with_recorded(row, new, loaded, stored)
