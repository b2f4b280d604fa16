"""Check and preview: would the vendor accept the response that a user would get?"""

import pytest
from lxml import etree
from ssoko.errors import NotFound
from ssoko.plugin import AcceptanceRule, NameIdFormat, hookimpl
from ssoko.plugin.host.registry import PluginSource
from ssoko.services.applications import change, install
from ssoko.services.applications import mappers as applications_mappers
from ssoko.services.people import users
from ssoko.services.troubleshooting import check as troubleshooting_check
from ssoko.services.troubleshooting import preview as troubleshooting_preview
from ssoko.store.models.activity import Event
from ssoko.store.models.sessions import Participation
from ssoko.store.models.sso import PairwiseId

from ..conftest import AWS
from ..sso.saml.test_assertion import Federation


def preview(site, app, user=None):
    return troubleshooting_preview.preview_sign_in(
        site.scope, app.id, user_id=(user or site.amina).id
    )


def check(site, app, user=None):
    return troubleshooting_check.check(site.scope, app.id, user_id=(user or site.amina).id)


def states(findings):
    return {finding.id: finding.state for finding in findings}


def set_mappers(site, app, *mappers):
    applications_mappers.set_mappers(site.scope, app.id, list(mappers))


def override(site, app, **fields):
    return change.update_application(site.scope, app.id, service_provider=fields)


# Preview


def test_preview_has_the_values_of_the_real_assertion(site, saml):
    app = site.install()
    set_mappers(site, app, {"name": "mail", "source": "user.email|upper"})
    result = preview(site, app)
    root = saml.decoded(site.begin(app, site.sign_in()))
    draft = etree.fromstring(result.xml.encode())
    for path in ("//saml:NameID", "//saml:AttributeValue", "//saml:Audience"):
        texts = [element.text for element in saml.find(root, path)]
        assert [element.text for element in saml.find(draft, path)] == texts != []
    assert (result.name_id.value, result.works) == ("amina@acme.test", True)


def test_preview_cannot_be_used_as_a_response(site):
    result = preview(site, site.install())
    assert "Signature" not in result.xml
    assert "not signed, and never sent" in result.xml
    assert result.xml.startswith("<!--")


def test_preview_writes_nothing(site):
    app = override(site, site.install(), name_id_format=NameIdFormat.PERSISTENT.value)
    before = Event.select().count()
    result = preview(site, app)
    assert result.name_id.value == troubleshooting_preview.NOT_CREATED
    assert "first sign-in" in result.note
    assert not PairwiseId.select().exists()
    assert not Participation.select().exists()
    assert Event.select().count() == before
    site.begin(app, site.sign_in())
    result = preview(site, app)
    assert (result.name_id.value, result.note) == (PairwiseId.get().value, "")


def test_preview_lists_everything_that_would_stop_the_sign_in(site):
    app = site.install(people=False, name_id_source="user.attributes.staff")
    set_mappers(
        site,
        app,
        {"name": "cost", "source": "user.attributes.cost", "required": True},
        {"name": "site", "source": "user.attributes.site", "required": True},
        {"name": "free", "source": "user.attributes.free"},
    )
    result = preview(site, app)
    assert not result.works
    assert result.decision.code == "no-role"
    assert [refusal.code for refusal in result.refusals] == [
        "name-id-missing",
        "attribute-missing",
        "attribute-missing",
    ]
    assert [mapper.name for mapper in result.left_out] == ["cost", "site", "free"]
    assert (result.name_id, result.xml) == (None, "")


def test_user_is_found_by_id_username_or_email_in_this_workspace(site):
    for key in (site.amina.id, "amina", "amina@acme.test"):
        assert troubleshooting_preview.find_user(site.workspace.id, key).id == site.amina.id
    with pytest.raises(NotFound):
        troubleshooting_preview.find_user(site.workspace.id, "nobody")
    with pytest.raises(NotFound):
        troubleshooting_preview.preview_sign_in(site.scope, site.install().id, user_id="elsewhere")


def test_default_user_is_one_who_has_access(site):
    app = site.install(people=False)
    brian = site.person("brian")

    def default():
        return troubleshooting_preview.default_user(site.scope, app.id, preferred=brian.id)

    assert default() is None
    site.give(app)
    assert default().username == "amina"


# Check


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
    failed = {one.id for one in report.vendor if one.state == "fail"}
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


def raises(candidate):
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
