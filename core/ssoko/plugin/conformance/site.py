"""A temporary Ssoko with one plugin: install, sign in, check the response, count the rows."""

import base64
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask

from ssoko.app import create_app
from ssoko.config import load_config
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.tools.rules.sample import sample_person
from ssoko.services import workspaces
from ssoko.services.access import assignments, roles
from ssoko.services.applications import change
from ssoko.services.applications import install as applications_install
from ssoko.services.applications.views import ApplicationView
from ssoko.services.authentication import sessions
from ssoko.services.authentication import sign_in as authentication_sign_in
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.people import groups, users
from ssoko.services.people.users import UserView
from ssoko.services.sso.saml import outcomes
from ssoko.services.sso.saml import sign_in as saml_sign_in
from ssoko.services.troubleshooting import test_sp
from ssoko.services.workspaces import WorkspaceView
from ssoko.store import db, migrate
from ssoko.store.models.activity import Event
from ssoko.store.models.table import Table, database

BASE_URL = "https://sso.example.org"
_PASSWORD = "weathered teapot 41"  # noqa: S105 - for a database that exists during one test


@dataclass(slots=True)
class ConformanceSite:
    """A workspace with one user, in a database that exists during one test.

    :param ahead: seconds by which the clock is ahead.
    """

    app: Flask
    services: Services
    slug: str
    workspace: WorkspaceView
    person: UserView
    ahead: int = 0

    @property
    def scope(self) -> Scope:
        """Ssoko itself acts in the workspace."""
        return Scope(self.services, self.workspace.id, SYSTEM)

    def install(self, name: str, settings: Mapping[str, Any]) -> ApplicationView:
        """Install the plugin, and assign its role to the user."""
        application = applications_install.install(
            self.scope,
            integration=self.slug,
            name=name,
            settings=settings,
        )
        self._set_required_attributes(application)
        if application.default_role is not None:
            roles.update_role(self.scope, application.default_role.id, attributes={"level": "read"})
            assignments.assign_roles(
                self.scope,
                role_ids=[application.default_role.id],
                user_id=self.person.id,
            )
        return application

    def update(self, application: ApplicationView, settings: Mapping[str, Any]) -> ApplicationView:
        """Save the settings again, which calls all proposing hooks again."""
        return change.update_application(self.scope, application.id, settings=settings)

    def uninstall(self, application: ApplicationView) -> None:
        """Uninstall the application."""
        change.uninstall(self.scope, application.id)

    def sign_in(self, application: ApplicationView) -> outcomes.Result:
        """Sign the user in: IdP-initiated, or with a request where the vendor requires one."""
        session = self._session()
        sp = application.service_provider
        if not sp.launch_url or sp.require_signed_requests:
            return saml_sign_in.launch(
                self.services, self.workspace.slug, application.slug, session=session
            )
        inbound = test_sp.build_request(
            application, request_id=f"_{secrets.token_hex(16)}", now=self.services.clock()
        )
        return saml_sign_in.begin(self.services, application.issuer.id, inbound, session=session)

    def rows(self) -> dict[str, int]:
        """Count the rows of every table except the activity log, which is kept."""
        return {
            table.__name__: table.select().count()
            for table in Table.__subclasses__()
            if table is not Event
        }

    def _session(self) -> SignedIn:
        token = authentication_sign_in.sign_in(
            self.services,
            self.workspace.id,
            username=self.person.username,
            password=_PASSWORD,
            address="192.0.2.7",
            user_agent="conformance",
        )
        session = sessions.load_session(self.services, token)
        assert session is not None
        return session

    def _set_required_attributes(self, application: ApplicationView) -> None:
        prefix = "user.attributes."
        attributes = {
            m.source.removeprefix(prefix).partition("|")[0]: "sample"
            for m in application.mappers
            if m.required and m.source.startswith(prefix)
        }
        if attributes:
            self.person = users.update_user(
                self.scope, self.person.id, attributes={**self.person.attributes, **attributes}
            )


@contextmanager
def open_site(folder: Path, source: PluginSource) -> Iterator[ConformanceSite]:
    """Create a Ssoko in a folder, with the database open in this thread."""
    config = load_config(
        {
            "SSOKO_DATA_DIR": str(folder),
            "SSOKO_BASE_URL": BASE_URL,
            "SSOKO_SECRET_KEY": secrets.token_urlsafe(48),
            "SSOKO_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
    )
    bound = db.connect(config.database_url)
    with db.session():
        migrate.migrate(bound)
    registry = Registry.load([source], opt_in=frozenset({source.slug}))
    app = create_app(config, registry)
    with db.session():
        site = _create_site(app, source.slug)
        yield site
    database.close()


def _create_site(app: Flask, slug: str) -> ConformanceSite:
    fast = Hasher(memory_cost=64, time_cost=1)
    services: Services = replace(app.extensions["ssoko"], hasher=fast)
    workspace = workspaces.create_workspace(
        services, SYSTEM, slug="acme", name="Acme", contact="it@example.org"
    )
    person = users.create_user(
        Scope(services, workspace.id, SYSTEM),
        username="zoe",
        email="zoe@example.org",
        first_name="Zoë",
        last_name="O'Brien & Søn",
        password=_PASSWORD,
        admin=True,
        attributes=dict(sample_person().attributes),
    )
    for name in sample_person().groups:
        group = groups.create_group(Scope(services, workspace.id, SYSTEM), name=name)
        groups.add_member(Scope(services, workspace.id, SYSTEM), group.id, person.id)
    site = ConformanceSite(app, services, slug, workspace, person)
    site.services = replace(services, clock=lambda: int(time.time()) + site.ahead)
    app.extensions["ssoko"] = site.services
    return site
