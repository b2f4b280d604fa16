"""When a server is killed during installs, each application is either absent or complete."""

import http.client
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from .server import ApiError, Server, Workspace
from .service_providers import Host
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

INSTALLS = 50
KILLS = 3
GONE = (OSError, http.client.HTTPException)


class Installer(threading.Thread):
    """Install applications one after another until the server stops responding."""

    def __init__(self, workspace: Workspace, numbers: list[int], sp: Host) -> None:
        super().__init__()
        self.workspace, self.numbers, self.sp = workspace, numbers, sp
        self.promised: list[dict[str, Any]] = []
        self.trouble: list[ApiError] = []

    def run(self) -> None:
        while self.numbers:
            number = self.numbers.pop()
            provider = self.sp.provider(f"kill-{number}")
            entity_id, acs_urls = provider.entity_id, [provider.acs_url]
            try:
                application = self.workspace.application(
                    f"Application {number}", entity_id=entity_id, acs_urls=acs_urls
                )
            except GONE:
                self.numbers.append(number)
                return
            except ApiError as refused:
                self.trouble.append(refused)
                continue
            self.promised.append(application)


@pytest.fixture
def doomed(tmp_path: Path):
    """Return a server that only this test uses."""
    server = Server(tmp_path)
    server.init()
    server.start()
    yield server
    server.stop()


def list_application_names(workspace: Workspace) -> set[str]:
    """Return the names of all applications."""
    return {application["name"] for application in workspace.api.items("/applications")}


def install_and_kill(workspace: Workspace, numbers: list[int], sp: Host, *, stop_at: int) -> list:
    """Install from two threads and kill the server once ``stop_at`` numbers are left."""
    installers = [Installer(workspace, numbers, sp) for _ in range(2)]
    for installer in installers:
        installer.start()
    while len(numbers) > stop_at and any(i.is_alive() for i in installers):
        time.sleep(0.005)
    time.sleep(0.02)
    workspace.server.kill()
    for installer in installers:
        installer.join(timeout=60)
    assert [t for i in installers for t in i.trouble] == []
    return [application for installer in installers for application in installer.promised]


def test_each_application_is_absent_or_complete_after_kill_9(
    doomed: Server, providers: Host
) -> None:
    workspace = doomed.workspace("kill")
    numbers_by_name = {f"Application {number}": number for number in range(INSTALLS)}
    numbers, promised = list(numbers_by_name.values()), []
    for round_number in range(1, KILLS + 1):
        stop_at = INSTALLS - round_number * INSTALLS // (KILLS + 1)
        promised += install_and_kill(workspace, numbers, providers, stop_at=stop_at)
        doomed.start()
        assert {application["name"] for application in promised} <= list_application_names(
            workspace
        )
        numbers[:] = [
            numbers_by_name[name]
            for name in sorted(numbers_by_name.keys() - list_application_names(workspace))
        ]
        assert numbers, "the server was killed too late: everything was installed already"
    applications = workspace.api.items("/applications")
    assert len(applications) >= KILLS
    assert_no_partial_install(workspace, applications)
    person = workspace.create_user("amina")
    visitor = workspace.sign_in("amina")
    for application in applications:
        role = application["default_role"]["id"]
        workspace.api.post(f"/users/{person['id']}/roles", role=role)
        assert_user_can_sign_in(visitor, application, providers)
    last = Installer(workspace, numbers, providers)
    last.run()
    assert last.trouble == [] and list_application_names(workspace) == numbers_by_name.keys()


def assert_no_partial_install(workspace: Workspace, applications: list[dict[str, Any]]) -> None:
    """Check that every role and issuer belongs to an application that exists."""
    expected_roles = {application["default_role"]["name"] for application in applications}
    there = {role["name"] for role in workspace.api.items("/roles")}
    assert {name for name in there if "Application" in name} == expected_roles
    issuers = {issuer["metadata"]["entity_id"] for issuer in workspace.api.items("/issuers")}
    used = {application["metadata"]["entity_id"] for application in applications}
    assert len(used) == len(applications)
    assert issuers <= used


def assert_user_can_sign_in(visitor: Visitor, application: dict[str, Any], providers: Host) -> None:
    """Check that the metadata is served and that a user with the role can sign in."""
    metadata = application["metadata"]
    published = visitor.get(metadata["metadata_url"])
    assert published.status == 200
    certificate = "".join(metadata["certificate"].strip().splitlines()[1:-1])
    assert certificate in "".join(published.text.split())
    provider = providers.provider(application["name"].replace("Application ", "kill-"))
    provider.trust(metadata)
    page = visitor.get(provider.url("redirect"))
    accepted = visitor.submit(page, "SAMLResponse").json()
    assert accepted["authenticated"], accepted["reason"]
