"""The sandbox says itself what it accepted, and its guide shows that."""

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


def seen(site, sandbox):
    found = evidence.gather(site.scope, sandbox, ["sign-in", "accepted", "request"])
    return {kind for kind, one in found.items() if one.done}


def test_an_answer_is_sent_first_and_accepted_when_the_sandbox_says_so(site, admin, sandbox):
    admin.submit("/applications/sandbox/guide/role", on="/applications/sandbox/guide")
    page = admin.get("/launch/sandbox")
    (form,) = page.find("//form[input[@name='SAMLResponse']]")
    assert seen(site, sandbox) == {"sign-in"}
    fields = {one.get("name"): one.get("value") for one in form.xpath("input")}
    broken = fields | {"SAMLResponse": fields["SAMLResponse"][:-8] + "AAAAAAA="}
    acs = urlsplit(form.get("action")).path
    assert admin.client.post(acs, data=broken).status_code == 400
    assert seen(site, sandbox) == {"sign-in"}
    assert admin.client.post(acs, data=fields).status_code == 200
    assert seen(site, sandbox) == {"sign-in", "accepted"}
    words = admin.get("/applications/sandbox/guide").words
    assert "Sandbox spoke of a session that it had accepted, Today" in words
    assert "for First Last" in words
