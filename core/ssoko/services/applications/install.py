"""Install an integration: the plugin proposes, and everything is recorded in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peewee import IntegrityError

from ssoko.errors import Conflict, InputError, Unavailable
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.activity import log
from ssoko.services.applications import proposals, settings
from ssoko.services.applications.metadata_source import MetadataSource, remember
from ssoko.services.applications.proposals import Proposal
from ssoko.services.applications.snapshots import role_texts
from ssoko.services.applications.views import ApplicationView, get_application, views_of
from ssoko.services.context import Scope, Services
from ssoko.services.issuers import keys
from ssoko.services.issuers.issuers import add_issuer, workspace_name
from ssoko.store.ids import new_id
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application, installed_applications
from ssoko.store.models.issuers import Issuer
from ssoko.store.models.table import database
from ssoko.text.names import check_name, fold, slugify

#: The longest application name, so that the names of its role and issuer fit too.
MAX_NAME = 80

#: Concurrent installs may choose the same slug; the loser tries again.
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """An install that is checked and ready to write."""

    loaded: LoadedIntegration
    application_id: str
    name: str
    stored: dict[str, Any]
    proposal: Proposal
    issuer_id: str | None
    key: keys.NewKey | None
    source: MetadataSource | None


def install(
    scope: Scope,
    *,
    integration: str,
    name: str,
    settings: Mapping[str, Any],
    issuer_id: str | None = None,
    source: MetadataSource | None = None,
) -> ApplicationView:
    """Install an integration: issuer, key, application and default role, or nothing.

    :param settings: the install form's values, as typed.
    :param issuer_id: ID of a shared issuer; by default the application gets its own.
    :param source: the metadata that filled the form, to record.
    :raises NotFound: when the integration is not loaded.
    :raises InputError: with all fields that are wrong.
    :raises Conflict: at ``name`` when it or the name of its role is in use; at ``issuer`` when
        the same SP is on that issuer already.
    """
    order = _prepare(scope, integration, name, settings, issuer_id, source)
    for attempt in range(_TRIES):
        try:
            with database.atomic():
                _write(scope, order)
            break
        except IntegrityError as error:
            # Another install was faster: the next try finds its row, and names it.
            if attempt == _TRIES - 1:
                raise Unavailable("Another install is in progress. Try again.") from error
    return get_application(scope, order.application_id)


def find_duplicates(
    scope: Scope, integration: str, settings: Mapping[str, Any]
) -> tuple[ApplicationView, ...]:
    """Return the applications of this workspace with the same SP entity ID.

    :param settings: as typed.
    :raises InputError: when they are wrong.
    """
    loaded, values = _load(scope.services, integration, settings)
    entity_id = proposals.propose(scope.services, loaded, values).service_provider.entity_id
    rows = installed_applications(scope.workspace_id).where(Application.sp_entity_id == entity_id)
    return views_of(scope.services, list(rows.order_by(Application.name_key).limit(20)))


def check_application_name(name: str) -> str:
    """Return the name as stored; raises InputError at ``name``."""
    clean = check_name(name, longest=MAX_NAME)
    fold(clean)
    return clean


def require_free_name(workspace_id: str, name: str, *, but: str = "") -> None:
    """Refuse a name that another installed application has, in any look-alike spelling."""
    same_name = installed_applications(workspace_id).where(
        Application.name_key == fold(name), Application.id != but
    )
    application = same_name.first()
    if application is not None:
        raise Conflict.of(
            "name",
            f"The name is already used by the application {application.name}. Choose another name.",
        )


def require_free_sp(issuer_id: str, sp_entity_id: str, *, but: str = "") -> None:
    """Refuse an SP that is on the issuer already: their requests could not be distinguished."""
    application = (
        Application.select()
        .where(
            Application.issuer == issuer_id,
            Application.sp_entity_id == sp_entity_id,
            Application.uninstalled_at.is_null(),
            Application.id != but,
        )
        .first()
    )
    if application is not None:
        raise Conflict.of(
            "issuer",
            f"{application.name} has the same service provider on this issuer. "
            "Use a separate issuer, or change that application.",
        )


def free_slug(workspace_id: str, name: str) -> str:
    """Return a slug for the name that no installed application of the workspace has."""
    base = slugify(name, fallback="app")
    taken = {
        row.slug
        for row in installed_applications(workspace_id)
        .select(Application.slug)
        .where(Application.slug.startswith(base))
    }
    number = 2
    slug = base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _load(
    services: Services, integration: str, raw: Mapping[str, Any]
) -> tuple[LoadedIntegration, dict[str, Any]]:
    loaded = settings.find_integration(services, integration)
    return loaded, settings.load(loaded, raw)


def _prepare(
    scope: Scope,
    integration: str,
    name: str,
    raw: Mapping[str, Any],
    issuer_id: str | None,
    source: MetadataSource | None,
) -> _Order:
    organization = workspace_name(scope.workspace_id)
    loaded = settings.find_integration(scope.services, integration)
    wrong_name: InputError | None = None
    try:
        name = check_application_name(name)
        require_free_name(scope.workspace_id, name)
    except InputError as error:
        wrong_name = error
    try:
        values = settings.load(loaded, raw)
        proposal = proposals.propose(scope.services, loaded, values)
    except InputError as error:
        raise InputError.together([*([wrong_name] if wrong_name else []), error]) from error
    if wrong_name is not None:
        raise wrong_name
    if issuer_id is not None:
        _require_shared(scope.workspace_id, issuer_id)
    application_id = new_id()
    now = scope.services.clock()
    return _Order(
        loaded=loaded,
        application_id=application_id,
        name=name,
        stored=settings.dump(scope.services, loaded, values, application_id=application_id),
        proposal=proposal,
        issuer_id=issuer_id,
        key=None
        if issuer_id
        else keys.generate(common_name=name, organization=organization, now=now),
        source=source,
    )


def _require_shared(workspace_id: str, issuer_id: str) -> None:
    issuer = Issuer.get_or_none(
        Issuer.id == issuer_id, Issuer.workspace == workspace_id, Issuer.shared
    )
    if issuer is None:
        raise InputError.of(
            "issuer", "Choose a shared issuer of this workspace, or leave this empty."
        )


def _write(scope: Scope, order: _Order) -> None:
    now = scope.services.clock()
    require_free_name(scope.workspace_id, order.name)
    issuer_id = order.issuer_id
    if order.key is not None:
        issuer_id = add_issuer(
            scope,
            name=order.name,
            shared=False,
            key=order.key,
        ).id
    assert issuer_id is not None  # noqa: S101 - one of the two is set, see _prepare
    require_free_sp(issuer_id, order.proposal.service_provider.entity_id)
    row = Application.create(
        force_insert=True,
        id=order.application_id,
        workspace=scope.workspace_id,
        issuer=issuer_id,
        slug=free_slug(scope.workspace_id, order.name),
        name=order.name,
        name_key=fold(order.name),
        integration=order.loaded.slug,
        settings=order.stored,
        mappers=proposals.mapper_column(order.proposal),
        created_at=now,
        created_by=scope.actor.name,
        updated_at=now,
        **_recorded(order),
    )
    if order.source is not None:
        remember(order.application_id, order.source)
    _write_default_role(scope, order)
    log.record(
        scope,
        "application.installed",
        target=row,
        detail={
            "integration": order.loaded.slug,
            "version": order.loaded.version,
            "metadata": order.source.words if order.source else "",
        },
    )


def _recorded(order: _Order) -> dict[str, Any]:
    columns = proposals.columns(order.loaded, order.proposal)
    role = {**role_texts(order.loaded), "made": _default_role_texts(order)}
    return {**columns, "proposed": {**columns["proposed"], "default_role": role}}


def _default_role_texts(order: _Order) -> dict[str, str]:
    texts = role_texts(order.loaded).items()
    return {name: text.replace("{name}", order.name) for name, text in texts}


def _write_default_role(scope: Scope, order: _Order) -> None:
    texts = _default_role_texts(order)
    name = texts["name"]
    key = fold(name)
    taken = Role.get_or_none(
        Role.workspace == scope.workspace_id, Role.name_key == key, Role.removed_at.is_null()
    )
    if taken is not None:
        raise Conflict.of(
            "name",
            f"The name leads to the role {taken.name}, which already exists. Choose another name.",
        )
    Role.create(
        workspace=scope.workspace_id,
        name=name,
        name_key=key,
        description=texts["description"],
        application=order.application_id,
        is_default=True,
        created_at=scope.services.clock(),
    )
