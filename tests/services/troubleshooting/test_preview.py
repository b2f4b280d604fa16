"""Preview: the NameID, attributes and assertion that a user would get."""

import pytest
from lxml import etree
from ssoko.errors import NotFound
from ssoko.plugin import NameIdFormat
from ssoko.services.troubleshooting import preview as troubleshooting_preview
from ssoko.store.models.activity import Event
from ssoko.store.models.sessions import Participation
from ssoko.store.models.sso import PairwiseId

from .changes import override, set_mappers


def preview(site, app):
    return troubleshooting_preview.preview_sign_in(site.scope, app.id, user_id=site.amina.id)


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
