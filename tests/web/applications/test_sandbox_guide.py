"""The sandbox confirms responses, and its guide shows that."""

from urllib.parse import urlsplit

import pytest
import ssoko_sandbox
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services.applications import install
from ssoko.services.guides import evidence
from ssoko_sandbox import once


@pytest.fixture
def registry():
    source = PluginSource("sandbox", lambda: ssoko_sandbox, "ssoko-sandbox", "0.1.0")
    return Registry.load([source], opt_in=frozenset({"sandbox"}))


@pytest.fixture
def sandbox(site, tmp_path, monkeypatch):
    monkeypatch.setattr(once.tempfile, "tempdir", str(tmp_path))
    return install.install(
        site.scope,
        integration="sandbox",
        name="Sandbox",
        settings={"key": "tryout"},
    )


def done_kinds(site, sandbox):
    evidence_by_kind = evidence.find_evidence(
        site.scope, sandbox, ["sign-in", "accepted", "request"]
    )
    return {kind for kind, item in evidence_by_kind.items() if item.done}


def test_response_is_sent_and_then_confirmed_by_the_sandbox(site, admin, sandbox):
    admin.submit("/applications/sandbox/guide/role", on="/applications/sandbox/guide")
    page = admin.get("/launch/sandbox")
    (form,) = page.find("//form[input[@name='SAMLResponse']]")
    assert done_kinds(site, sandbox) == {"sign-in"}
    fields = {item.get("name"): item.get("value") for item in form.xpath("input")}
    broken = fields | {"SAMLResponse": fields["SAMLResponse"][:-8] + "AAAAAAA="}
    acs = urlsplit(form.get("action")).path
    assert admin.client.post(acs, data=broken).status_code == 400
    assert done_kinds(site, sandbox) == {"sign-in"}
    assert admin.client.post(acs, data=fields).status_code == 200
    assert done_kinds(site, sandbox) == {"sign-in", "accepted"}
    words = admin.get("/applications/sandbox/guide").words
    assert "Sandbox confirmed that it accepted a session, Today" in words
    assert "for First Last" in words
