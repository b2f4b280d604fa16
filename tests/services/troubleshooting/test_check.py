"""Preview for a person, and the check whether the vendor would accept what they get."""

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


def rehearse(site, app, user=None):
    return troubleshooting_preview.rehearse(
        site.services, site.workspace.id, app.id, user_id=(user or site.amina).id
    )


def check(site, app, user=None):
    return troubleshooting_check.check(
        site.services, site.workspace.id, app.id, user_id=(user or site.amina).id
    )


def states(findings):
    return {one.id: one.state for one in findings}


def set_mappers(site, app, *mappers):
    applications_mappers.set_mappers(site.scope, app.id, list(mappers))


def by_hand(site, app, **fields):
    return change.update_application(site.scope, app.id, service_provider=fields)


# Preview


def test_a_preview_says_what_the_sign_in_says(site, saml):
    app = site.install()
    set_mappers(site, app, {"name": "mail", "source": "user.email|upper"})
    found = rehearse(site, app)
    root = saml.decoded(site.begin(app, site.sign_in()))
    preview = etree.fromstring(found.xml.encode())
    for path in ("//saml:NameID", "//saml:AttributeValue", "//saml:Audience"):
        sent = [one.text for one in saml.find(root, path)]
        assert [one.text for one in saml.find(preview, path)] == sent != []
    assert (found.name_id.value, found.works) == ("amina@acme.test", True)


def test_a_preview_is_no_answer_that_an_sp_could_take(site):
    found = rehearse(site, site.install())
    assert "Signature" not in found.xml
    assert "not signed, and never sent" in found.xml
    assert found.xml.startswith("<!--")


def test_a_preview_writes_nothing(site):
    app = by_hand(site, site.install(), name_id_format=NameIdFormat.PERSISTENT.value)
    before = Event.select().count()
    found = rehearse(site, app)
    assert found.name_id.value == troubleshooting_preview.NOT_YET
    assert "first sign-in" in found.note
    assert not PairwiseId.select().exists()
    assert not Participation.select().exists()
    assert Event.select().count() == before
    site.begin(app, site.sign_in())
    found = rehearse(site, app)
    assert (found.name_id.value, found.note) == (PairwiseId.get().value, "")


def test_a_preview_says_all_that_would_refuse_the_sign_in(site):
    app = site.install(people=False, name_id_source="user.attributes.staff")
    set_mappers(
        site,
        app,
        {"name": "cost", "source": "user.attributes.cost", "required": True},
        {"name": "site", "source": "user.attributes.site", "required": True},
        {"name": "free", "source": "user.attributes.free"},
    )
    found = rehearse(site, app)
    assert not found.works
    assert found.decision.code == "no-role"
    assert [one.code for one in found.refusals] == [
        "name-id-missing",
        "attribute-missing",
        "attribute-missing",
    ]
    assert [one.name for one in found.left_out] == ["cost", "site", "free"]
    assert (found.name_id, found.xml) == (None, "")


def test_people_are_found_by_id_name_and_address_in_this_workspace_alone(site):
    for key in (site.amina.id, "amina", "amina@acme.test"):
        assert troubleshooting_preview.find_person(site.workspace.id, key).id == site.amina.id
    with pytest.raises(NotFound):
        troubleshooting_preview.find_person(site.workspace.id, "nobody")
    with pytest.raises(NotFound):
        troubleshooting_preview.rehearse(
            site.services, site.workspace.id, site.install().id, user_id="elsewhere"
        )


def test_somebody_who_gets_in_is_looked_at_first(site):
    app = site.install(people=False)
    brian = site.person("brian")

    def first():
        return troubleshooting_preview.first_person(
            site.services, site.workspace.id, app.id, rather=brian.id
        )

    assert first() is None
    site.give(app)
    assert first().username == "amina"


# Check


def aws(site):
    app = install.install(site.scope, integration="aws", name="Cloud", settings=AWS)
    site.give(app)
    return app


def test_a_good_connection_to_aws_passes_but_for_what_only_aws_knows(site):
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
def test_each_demand_of_aws_is_judged(site, fields, broken):
    app = by_hand(site, aws(site), **fields)
    report = check(site, app)
    failed = {one.id for one in report.vendor if one.state == "fail"}
    assert failed == broken
    assert all(one.fix for one in report.vendor if one.state == "fail")
    assert report.outcome == "fail"


def test_aws_takes_no_encryption_and_signs_no_requests(site, sp_key):
    app = by_hand(
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


def test_general_rules_name_the_role_the_values_and_the_doubles(site):
    app = site.install(people=False)
    set_mappers(
        site,
        app,
        {"name": "a", "source": "user.id"},
        {"name": "a", "source": "user.email"},
        {"name": "b", "source": "user.attributes.b", "required": True},
    )
    found = {one.id: one for one in check(site, app).general}
    assert (found["access"].state, found["access"].place) == ("fail", "access")
    assert (found["attribute-missing"].state, found["duplicates"].state) == ("fail", "check")
    assert "The attribute b is required" in found["attribute-missing"].sentence
    assert "values" not in found


def test_a_person_who_is_switched_off_fails(site):
    app = site.install()
    brian = site.person("brian", active=False)
    finding = next(one for one in check(site, app, brian).general if one.id == "access")
    assert (finding.state, finding.place) == ("fail", "person")


def test_certificates_that_end_are_named(site, sp_key):
    app = site.install(certificates=[sp_key.certificate])
    assert states(check(site, app).general)["certificate"] == "pass"
    site.clock.ahead = 10 * 365 * 86_400 - 30 * 86_400
    assert states(check(site, app).general)["certificate"] == "check"
    site.clock.ahead += 60 * 86_400
    found = states(check(site, app).general)
    assert (found["certificate"], found["vendor-certificate-1"]) == ("fail", "fail")


def test_a_clock_that_went_back_is_noticed(site):
    app = site.install()
    site.clock.ahead = -3600
    assert states(check(site, app).general)["clock"] == "fail"


def test_long_values_are_worth_a_look(site):
    app = site.install(name_id_source="user.attributes.long")
    users.update_user(
        site.scope,
        site.amina.id,
        attributes={"long": "x" * 4096},
    )
    set_mappers(site, app, {"name": "long", "source": "user.attributes.long|prefix:y"})
    found = states(check(site, app).general)
    assert (found["name-id-size"], found["value-size"]) == ("check", "check")


class Ruled(Federation):
    """A plugin with rules of its own."""

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
    ("answer", "found"),
    [
        ((rule(lambda c: True),), {"own": "pass"}),
        ((rule(lambda c: False, fix="Mend it."),), {"own": "fail"}),
        ((rule(lambda c: None),), {"own": "check"}),
        ((rule(raises),), {"own": "check"}),
        ((rule(bool), rule(bool)), {"plugin": "check"}),
        ((rule(bool, sentence=""),), {"plugin": "check"}),
        ("text", {"plugin": "check"}),
        (lambda: raises(None), {"plugin": "check"}),
    ],
)
def test_rules_of_a_plugin_cannot_break_the_check(make_site, answer, found):
    plugin = Ruled(answer)
    site = make_site(PluginSource("ruled", lambda: plugin, "ssoko-ruled", "1.0"))
    app = install.install(
        site.scope,
        integration="ruled",
        name="Ruled",
        settings={"region": "eu"},
    )
    assert states(check(site, app).vendor) == found
