"""The data that a plugin's own pages get: its applications in all workspaces."""

from collections.abc import Iterator

from ssoko.plugin import WebApplication
from ssoko.services.applications.views import ApplicationView, list_applications
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.workspaces import WorkspaceView, list_workspaces


def web_applications(services: Services, integration: str) -> tuple[WebApplication, ...]:
    """Return the installed applications of one integration, without their secrets."""
    return tuple(
        _describe(workspace, application)
        for workspace in list_workspaces()
        for application in _list_all(services, workspace.id, integration)
    )


def _list_all(services: Services, workspace_id: str, integration: str) -> Iterator[ApplicationView]:
    cursor: str | None = None
    while True:
        page = list_applications(
            Scope(services, workspace_id, SYSTEM), integration=integration, limit=200, cursor=cursor
        )
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _describe(workspace: WorkspaceView, application: ApplicationView) -> WebApplication:
    issuer = application.issuer
    return WebApplication(
        id=application.id,
        workspace=workspace.slug,
        name=application.name,
        enabled=application.enabled,
        settings=application.public_settings,
        entity_id=issuer.entity_id,
        login_endpoint=issuer.login_endpoint,
        logout_endpoint=issuer.logout_endpoint,
        launch_url=application.launch_url,
        certificates=issuer.certificates,
    )
