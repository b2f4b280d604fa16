"""An install that is killed with SIGKILL leaves a complete application or none."""

import base64
import random
import subprocess
import sys
import time

from ssoko.services.applications import views
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.workspaces import create_workspace
from ssoko.store.models.access import Role
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer, SigningKey

#: Installs one after the other and says the id of each that is there.
INSTALLER = """
import sys
from dataclasses import replace
from pathlib import Path
import ssoko_custom_saml
from ssoko.app import build_services
from ssoko.config import load_config
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services.applications import install
from ssoko.services.context import SYSTEM, Scope
from ssoko.store import db

url, workspace, folder, prefix, master = sys.argv[1:]
config = load_config({
    "SSOKO_DATA_DIR": folder, "SSOKO_SECRET_KEY": "s" * 32, "SSOKO_MASTER_KEY": master,
})
plugin = PluginSource("custom-saml", lambda: ssoko_custom_saml)
services = build_services(config, Registry.load([plugin]))
scope = Scope(services, workspace, SYSTEM)
db.connect(url).connect()
number = 0
while True:
    app = install.install(
        scope, integration="custom-saml", name=f"{prefix} {number}",
        settings={"entity_id": "urn:sp", "acs_urls": ["https://app.example.com/acs"]},
    )
    print(app.id, flush=True)
    number += 1
"""


def test_killed_installs_are_whole_or_absent(open_services, sqlite, config, tmp_path):
    services = open_services(sqlite)
    acme = create_workspace(services, SYSTEM, slug="killed", name="Killed")
    master = base64.b64encode(config.master_key).decode()
    said: set[str] = set()
    chance = random.Random(7)  # noqa: S311 - when to kill, nothing secret
    for round_number in range(4):
        arguments = [sqlite, acme.id, str(tmp_path), f"Round {round_number}", master]
        with subprocess.Popen(
            [sys.executable, "-c", INSTALLER, *arguments], stdout=subprocess.PIPE, text=True
        ) as child:
            said.add(child.stdout.readline().strip())
            time.sleep(chance.uniform(0.0, 0.5))
            child.kill()
            said |= {line.strip() for line in child.stdout.read().splitlines() if len(line) == 22}
    rows = list(Application.select())
    assert said <= {row.id for row in rows}
    for row in rows:
        assert SigningKey.get(SigningKey.issuer == row.issuer_id).state == "active"
        assert Role.get(Role.application == row.id).is_default
        assert Event.get(Event.application_id == row.id).action == "application.installed"
        assert views.get_application(Scope(services, acme.id, SYSTEM), row.id).issuer.certificate
    counts = {table: table.select().count() for table in (Issuer, SigningKey, Role)}
    assert set(counts.values()) == {len(rows)}
