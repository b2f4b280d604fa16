"""Check this connection: would the vendor accept the response that a user would get?"""

import inspect
from typing import get_args

import pytest
from ssoko.plugin import AcceptanceRule, hookimpl
from ssoko.plugin.host.registry import PluginSource
from ssoko.services.applications import install
from ssoko.services.people import users
from ssoko.services.troubleshooting import check as troubleshooting_check
from ssoko.services.troubleshooting.catalog import CATALOG

from ..conftest import AWS
from ..sso.saml.test_assertion import Federation
from .changes import override, set_mappers


def check(site, app, user=None):
    return troubleshooting_check.check(site.scope, app.id, user_id=(user or site.amina).id)


def states(findings):
    return {finding.id: finding.state for finding in findings}


def aws(site):
    app = install.install(site.scope, integration="aws", name="Cloud", settings=AWS)
    site.give(app)
    return app


def test_good_connection_to_aws_passes_except_for_what_only_aws_knows(site):
    report = check(site, aws(site))
    assert set(states(report.general).values()) == {"pass"}
    assert {id_ for id_, state in states(report.vendor).items() if state != "pass"} == {"username"}
    assert report.outcome == "check"


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({"name_id_format": "persistent"}, {"name-id-format", "name-id-email"}),
        ({"name_id_source": "user.username"}, {"name-id-email"}),
        ({"name_id_source": "user.email|prefix:" + "x" * 150}, {"name-id-email", "name-id-size"}),
        ({"sign_assertion": False}, {"one-assertion"}),
    ],
)
def test_each_acceptance_rule_of_aws_is_checked(site, fields, broken):
    app = override(site, aws(site), **fields)
    report = check(site, app)
    failed = [finding for finding in report.vendor if finding.state == "fail"]
    assert {finding.id for finding in failed} == broken
    assert all(finding.fix for finding in failed)
    assert report.outcome == "fail"


def test_aws_supports_neither_encryption_nor_signed_requests(site, sp_key):
    app = override(
        site,
        aws(site),
        certificates=[sp_key.certificate],
        require_signed_requests=True,
        encrypt_assertions=True,
        encryption_method="aes128-cbc",
    )
    report = check(site, app)
    failed = {finding.id for finding in report.vendor if finding.state == "fail"}
    assert failed == {"not-encrypted", "unsigned-requests"}
    assert states(report.general)["encryption"] == "check"


@pytest.mark.parametrize(
    "mapper",
    [
        {"source": "user.attributes.many", "name_format": "uri"},
        {"source": "user.username", "name_format": "basic"},
    ],
)
def test_attributes_for_access_control_are_single_and_of_format_uri(site, mapper):
    app = aws(site)
    users.update_user(
        site.scope,
        site.amina.id,
        attributes={"many": ["a", "b"]},
    )
    name = "https://aws.amazon.com/SAML/Attributes/AccessControl:Team"
    set_mappers(site, app, {"name": name, **mapper})
    assert states(check(site, app).vendor)["access-control"] == "fail"
    set_mappers(site, app, {"name": name, "source": "user.username", "name_format": "uri"})
    assert states(check(site, app).vendor)["access-control"] == "pass"


def test_missing_role_missing_value_and_repeated_mapper_are_reported(site):
    app = site.install(people=False)
    set_mappers(
        site,
        app,
        {"name": "a", "source": "user.id"},
        {"name": "a", "source": "user.email"},
        {"name": "b", "source": "user.attributes.b", "required": True},
    )
    findings = {finding.id: finding for finding in check(site, app).general}
    assert (findings["access"].state, findings["access"].place) == ("fail", "access")
    assert (findings["attribute-missing"].state, findings["duplicates"].state) == ("fail", "check")
    assert "The attribute b is required" in findings["attribute-missing"].sentence
    assert "values" not in findings


def test_disabled_user_fails_the_check(site):
    app = site.install()
    brian = site.person("brian", active=False)
    finding = next(f for f in check(site, app, brian).general if f.id == "access")
    assert (finding.state, finding.place) == ("fail", "person")


def test_certificates_that_expire_are_reported(site, sp_key):
    app = site.install(certificates=[sp_key.certificate])
    assert states(check(site, app).general)["certificate"] == "pass"
    site.clock.ahead = 10 * 365 * 86_400 - 30 * 86_400
    assert states(check(site, app).general)["certificate"] == "check"
    site.clock.ahead += 60 * 86_400
    result = states(check(site, app).general)
    assert (result["certificate"], result["vendor-certificate-1"]) == ("fail", "fail")


def test_clock_behind_the_last_event_is_reported(site):
    app = site.install()
    site.clock.ahead = -3600
    assert states(check(site, app).general)["clock"] == "fail"


def test_unusually_long_values_are_reported(site):
    app = site.install(name_id_source="user.attributes.long")
    users.update_user(
        site.scope,
        site.amina.id,
        attributes={"long": "x" * 4096},
    )
    set_mappers(site, app, {"name": "long", "source": "user.attributes.long|prefix:y"})
    result = states(check(site, app).general)
    assert (result["name-id-size"], result["value-size"]) == ("check", "check")


class Ruled(Federation):
    """A plugin with acceptance rules of its own."""

    @hookimpl
    def acceptance_rules(self):
        return self.answer() if callable(self.answer) else self.answer

    @hookimpl
    def saml_attributes(self):
        return ()


def rule(check, **more):
    return AcceptanceRule(**{"id": "own", "sentence": "Something holds", "check": check, **more})


def raises(response):
    raise RuntimeError


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        ((rule(lambda c: True),), {"own": "pass"}),
        ((rule(lambda c: False, fix="Fix it."),), {"own": "fail"}),
        ((rule(lambda c: None),), {"own": "check"}),
        ((rule(raises),), {"own": "check"}),
        ((rule(bool), rule(bool)), {"plugin": "check"}),
        ((rule(bool, sentence=""),), {"plugin": "check"}),
        ("text", {"plugin": "check"}),
        (lambda: raises(None), {"plugin": "check"}),
    ],
)
def test_rules_of_a_plugin_cannot_break_the_check(make_site, rules, findings):
    plugin = Ruled(rules)
    site = make_site(PluginSource("ruled", lambda: plugin, "ssoko-ruled", "1.0"))
    app = install.install(
        site.scope,
        integration="ruled",
        name="Ruled",
        settings={"region": "eu"},
    )
    assert states(check(site, app).vendor) == findings


def test_catalog_has_the_texts_of_every_rule_and_no_others():
    source = inspect.getsource(troubleshooting_check)
    for rule, texts in CATALOG["checks"].items():
        assert f'"{rule}"' in source, rule
        assert set(texts) <= {"pass", "check", "fail", "fix", "place"}
        assert texts.get("place", "") in get_args(troubleshooting_check.Place)
        assert not any(text.endswith(".") for state, text in texts.items() if state != "fix")


@pytest.mark.parametrize(
    ("url", "state", "text"),
    [
        ("https://app.example.com/acs", "pass", "All ACS URLs use https"),
        ("http://localhost/acs", "pass", "All ACS URLs use https or a loopback address"),
        ("http://localhost:9000/acs", "pass", "All ACS URLs use https or a loopback address"),
    ],
)
def test_acs_urls_use_https_or_a_loopback_address(site, url, state, text):
    app = site.install(acs_urls=[url])
    (finding,) = [finding for finding in check(site, app).general if finding.id == "acs"]
    assert (finding.state, finding.sentence) == (state, text)


def test_requests_that_would_be_refused_are_named(site, sp_key):
    def sentences(app):
        findings = {f.id: f for f in check(site, app).general}
        return [
            findings[id_].sentence
            for id_ in ("name-id-requests", "signed-requests")
            if id_ in findings
        ]

    (open_format,) = sentences(site.install("Open"))
    assert "emailAddress, persistent and transient are answered" in open_format
    strict = site.install(
        "Strict",
        entity_id="urn:strict",
        name_id_format="persistent",
        certificates=[sp_key.certificate],
        require_signed_requests=True,
    )
    other_format, unsigned = sentences(strict)
    assert other_format == "Requests for another NameID format than persistent are refused"
    assert unsigned.startswith("Requests without a valid signature are refused")
