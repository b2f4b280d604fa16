"""Mappers, SAML settings, the preview for a person and the check, as an admin uses them."""

from dataclasses import replace

import pytest
from ssoko.plugin.host.registry import Registry
from ssoko.services.access import assignments
from ssoko.services.applications import install, mappers, views

from ..reader import AWS

PAGE = "/applications/aws"


@pytest.fixture
def aws(site):
    """Install AWS without mappers."""
    aws_application = install.install(site.scope, integration="aws", name="AWS", settings=AWS)
    mappers.set_mappers(site.scope, aws_application.id, [])
    return view(site)


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno", email="amina@acme.test")


def give(site, application, user):
    assignments.assign_roles(
        site.scope,
        role_ids=[application.default_role.id],
        user_id=user.id,
    )


def view(site):
    return views.get_application(site.scope, "aws")


def send_form(admin, path, **values):
    """Send the form of a page with what it holds, but for these values; None leaves one out."""
    page = admin.get(path)
    held = {}
    for field in page.find("//main//form[@method='post']//*[@name]"):
        name = field.get("name")
        if (
            field.tag == "button"
            or name == "csrf_token"
            or (field.get("type") == "checkbox" and not field.get("checked"))
        ):
            continue
        held[name] = page.value(name) if field.get("type") != "checkbox" else "yes"
    held |= values
    return admin.submit(path, {k: v for k, v in held.items() if v is not None})


def add(admin, name, **values):
    page = send_form(admin, f"{PAGE}/mappers/new", name=name, **values)
    assert page.status == 303, page.words


def names(site):
    return [mapper.name for mapper in view(site).mappers]


# Mappers


def test_mapper_can_be_added_edited_moved_and_removed(admin, site, aws):
    add(
        admin,
        "mail",
        source="user.email",
        name_format="basic",
        friendly_name="Mail",
        required="yes",
        **{"change.0.name": "before-at", "change.1.name": "prefix", "change.1.argument": "x-"},
    )
    add(
        admin,
        "city",
        source="user.attributes.",
        source_key="city",
        name_format="other",
        name_format_uri="urn:own",
    )
    add(admin, "plan", source="constant:", source_key="gold | silver")
    first, second, third = view(site).mappers
    assert (first.source, first.name_format, first.required) == (
        "user.email|before-at|prefix:x-",
        "basic",
        True,
    )
    assert (second.source, second.name_format) == ("user.attributes.city", "urn:own")
    assert third.source == "constant:gold | silver"
    version = {"seen": str(view(site).updated_at)}
    admin.submit(f"{PAGE}/mappers/1/move", {"to": "down", **version})
    assert names(site) == ["city", "mail", "plan"]
    page = admin.follow(
        admin.submit(f"{PAGE}/mappers/3/move", {"to": "up", "seen": str(view(site).updated_at)})
    )
    assert names(site) == ["city", "plan", "mail"]
    assert "User email, part before @, add prefix x-" in page.words
    assert send_form(admin, f"{PAGE}/mappers/3", name="post").status == 303
    assert view(site).mappers[2] == replace(first, name="post")
    assert "Remove city?" in admin.get(f"{PAGE}/mappers/1/remove").words
    send_form(admin, f"{PAGE}/mappers/1/remove")
    assert names(site) == ["plan", "post"]


def test_invalid_mapper_shows_errors_and_keeps_the_input(admin, site, aws):
    page = send_form(
        admin,
        f"{PAGE}/mappers/new",
        name="",
        source="user.groups",
        friendly_name="Teams",
        name_format="other",
        **{"change.0.name": "only"},
    )
    assert page.status == 422
    assert page.value("friendly_name") == "Teams"
    assert page.value("source") == "user.groups"
    assert page.value("change.0.name") == "only"
    links = {a.get("href") for a in page.find("//*[@role='alert']//a")}
    assert links == {"#f-name", "#f-change-0-argument", "#f-name_format_uri"}
    assert view(site).mappers == ()


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"source": "user.attributes.", "source_key": ""}, "#f-source_key"),
        ({"source": "constant:", "source_key": ""}, "#f-source_key"),
        ({"source": "user.attributes.", "source_key": "a b"}, "#f-source_key"),
        ({"source": "user.nothing"}, "#f-source"),
        ({"change.0.name": "prefix", "change.0.argument": "a|b"}, "#f-change-0-argument"),
        ({"change.0.name": "shout"}, "#f-change"),
        ({"change.0.name": "lower", "change.0.argument": "x"}, "#f-change"),
    ],
)
def test_error_of_a_source_is_shown_at_its_field(admin, site, aws, values, at):
    page = send_form(admin, f"{PAGE}/mappers/new", name="a", **values)
    assert page.status == 422
    assert [a.get("href") for a in page.find("//*[@role='alert']//a")] == [at]


def test_concurrent_change_of_mappers_is_rejected(admin, site, aws):
    add(admin, "a")
    page = admin.get(f"{PAGE}/mappers/1")
    add(admin, "b")
    response = admin.submit(
        f"{PAGE}/mappers/1", {"name": "c", "source": "user.id", "seen": page.value("seen")}
    )
    assert response.status == 422
    assert "Someone else changed" in response.words
    assert response.value("name") == "c"
    assert names(site) == ["a", "b"]
    refused = admin.submit(f"{PAGE}/mappers/1/move", {"to": "down", "seen": page.value("seen")})
    assert "Someone else changed" in admin.follow(refused).all_words
    assert names(site) == ["a", "b"]


def test_mappers_can_be_reset_to_the_proposal(admin, site, aws):
    add(admin, "a")
    assert "Restore the plugin's mappers" in admin.get(f"{PAGE}/mappers").links()
    page = admin.follow(send_form(admin, f"{PAGE}/mappers/proposal"))
    assert "Edited" not in page.words
    assert [mapper.friendly_name for mapper in view(site).mappers] == ["mail"]


def test_duplicate_mapper_names_are_reported(admin, site, aws):
    add(admin, "a")
    add(admin, "a", source="user.id")
    assert "Several mappers send a." in admin.get(f"{PAGE}/mappers").words


@pytest.mark.parametrize("place", ["0", "1", "99", "x"])
def test_missing_mapper_is_not_found(admin, aws, place):
    assert admin.get(f"{PAGE}/mappers/{place}").status == 404
    assert admin.submit(f"{PAGE}/mappers/{place}/move", {"to": "up"}).status == 404


# SAML settings


def test_saml_settings_can_be_changed_and_reset(admin, site, aws):
    page = send_form(
        admin,
        f"{PAGE}/saml",
        lifetime="600",
        name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        acs_urls="https://more.example/acs",
        sign_response=None,
    )
    assert page.status == 303, page.words
    application = view(site)
    assert set(application.overrides) == {
        "lifetime",
        "name_id_format",
        "acs_urls",
        "sign_response",
    }
    page = admin.get(f"{PAGE}/saml")
    assert page.words.count("Edited") == 4
    assert "Plugin: Email address" in page.words
    assert page.value("acs_urls") == "https://more.example/acs"
    assert "4 settings edited" in admin.get(f"{PAGE}/settings").words
    admin.submit(f"{PAGE}/saml/back", {"field": "lifetime"})
    assert "lifetime" not in view(site).overrides
    admin.submit(f"{PAGE}/saml/back", {"field": "all"})
    assert view(site).overrides == {}
    assert view(site).service_provider == aws.service_provider


def test_saving_unchanged_settings_overrides_nothing(admin, site, aws):
    send_form(admin, f"{PAGE}/saml")
    assert view(site).overrides == {}


def test_invalid_saml_settings_show_errors_and_keep_the_input(admin, site, aws):
    page = send_form(
        admin,
        f"{PAGE}/saml",
        lifetime="20",
        name_id_format="other",
        name_id_format_uri="word",
        acs_urls="https://ok.example/acs\nftp://x",
        source="user.attributes.",
        source_key="",
        encrypt_assertions="yes",
    )
    assert page.status == 422
    assert page.value("lifetime") == "20"
    assert page.value("name_id_format_uri") == "word"
    assert page.value("acs_urls") == "https://ok.example/acs\nftp://x"
    links = {a.get("href") for a in page.find("//*[@role='alert']//a")}
    assert links == {
        "#f-lifetime",
        "#f-name_id_format_uri",
        "#f-acs_urls",
        "#f-source_key",
        "#f-encrypt_assertions",
    }
    assert "Number 2" in page.words
    assert view(site).overrides == {}


def test_saml_settings_work_without_the_plugin(site, aws, admin):
    site.app.extensions["ssoko"] = replace(site.services, registry=Registry())
    assert send_form(admin, f"{PAGE}/saml", lifetime="600").status == 303
    assert view(site).service_provider.lifetime == 600
    assert admin.get(f"{PAGE}/check").status == 200
    assert admin.get(f"{PAGE}/guide").status == 200


# Preview and check


def test_preview_shows_values_and_missing_values(admin, site, aws, amina):
    give(site, aws, amina)
    add(admin, "town", source="user.attributes.", source_key="town", required="yes")
    add(admin, "mail")
    page = admin.get(f"{PAGE}/mappers/preview?person=amina")
    assert "Would be refused" in page.words
    assert "The attribute town is required" in page.words
    assert "No value, not sent" in page.words
    (xml,) = page.find("//pre")
    assert "<saml:NameID" in xml.text
    assert "amina@acme.test" in xml.text
    assert "Signature" not in xml.text


def test_preview_for_another_user_can_be_searched(admin, aws, amina):
    page = admin.get(f"{PAGE}/check?person=Oti")
    assert "No user has this username or email" in page.words
    assert page.links()["Amina Otieno"].endswith("/check?person=amina")


def test_check_links_to_the_page_of_each_fix(admin, site, aws, amina):
    page = admin.get(f"{PAGE}/check?person=amina")
    assert "Amina Otieno has no role for AWS" in page.words
    assert f"/users/{amina.id}/roles" in page.links()["Assign the role"]
    give(site, aws, amina)
    page = admin.get(f"{PAGE}/check")
    assert "Amina Otieno has access" in page.words
    assert "only the vendor knows" in page.words
    assert "Fail" not in page.words


def test_guide_shows_whether_the_vendor_accepts_the_response(admin, site, aws, amina):
    give(site, aws, amina)
    page = admin.get(f"{PAGE}/guide")
    assert "Will AWS accept it? Checked for Amina Otieno." in page.words
    assert "Certificate within 2,500 characters" in page.words
    assert page.links()["View how to fix it"] == "/w/acme/applications/aws/check?person=amina"


def test_pages_require_admin_rights(site, aws, amina):
    visitor = site.visitor().sign_in("amina")
    for path in ("saml", "check", "mappers/preview", "mappers/new"):
        assert visitor.get(f"{PAGE}/{path}").status == 403
    assert visitor.submit(f"{PAGE}/saml/back", {"field": "all"}).status == 403
