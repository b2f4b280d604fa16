"""The Guide tab: completed steps, and the actions at a step."""

import re

import pytest
from ssoko.services.access import assignments
from ssoko.services.applications import change, install
from ssoko.services.people import users
from ssoko.store.models.guides import GuideEvidence

from ..reader import AWS

GUIDE = "/applications/aws/guide"
GIVE = "//main//li//form/button[.='Assign to me']"


@pytest.fixture
def aws(site):
    return install.install(site.scope, integration="aws", name="AWS", settings=AWS)


def step(page, number):
    """Return the text of a step, and whether it is completed."""
    (item, *_) = page.find(f"//main//ol[contains(@class,'steps')]/li[span/text()='{number}']")
    return re.sub(r"\s+", " ", item.text_content()).strip(), item.get("class") == "done"


def card(page):
    """Return what the card Setup progress lists."""
    (card_element,) = page.find("//main//div[h2='Setup progress']")
    return {
        li.xpath("string(span[last()])"): li.xpath("string(span[1])")
        for li in card_element.xpath(".//li")
    }


def test_new_application_has_one_completed_step_and_explains_the_others(admin, aws):
    page = admin.get(GUIDE)
    words, done = step(page, 10)
    assert done
    assert re.search(r"Done ?Installed by Ssoko, Today, \d\d:\d\d UTC$", words)
    words, done = step(page, 16)
    assert not done
    assert "Ticks automatically when the signing certificate is downloaded" in words
    words, done = step(page, 4)
    assert not done
    assert "Ticks by itself" not in words
    assert "1 of 7 steps detected" in page.words


@pytest.mark.parametrize(
    ("path", "number", "words"),
    [
        ("certificate.pem", 16, "Certificate downloaded by First Last, Today"),
        ("metadata.xml", 12, "Metadata file downloaded by First Last, Today"),
    ],
)
def test_download_completes_its_step(admin, aws, path, number, words):
    assert admin.get(f"/applications/aws/{path}").status == 200
    text, done = step(admin.get(GUIDE), number)
    assert done
    assert words in text


def test_head_request_is_not_a_download(admin, aws):
    for path in ("certificate.pem", "metadata.xml"):
        http_response = admin.client.head(f"{admin.base}/applications/aws/{path}")
        assert http_response.status_code == 200
    assert not GuideEvidence.select().exists()


def test_assign_to_me_assigns_the_role_and_shows_the_tile(site, admin, aws):
    page = admin.get(GUIDE)
    assert len(page.find(GIVE)) == 1
    assert page.links()["Assign people"].endswith("add=people")
    assert not page.find("//main//ol//h3/a")
    http_response = admin.submit(f"{GUIDE}/role", on=GUIDE)
    assert http_response.response.headers["Location"].endswith("/guide#next")
    page = admin.follow(http_response)
    words, done = step(page, 21)
    assert done
    assert "sso-aws-AWS-role assigned to" in words
    assert not page.find(GIVE)
    (tile,) = page.find("//main//ol//h3/a")
    assert tile.get("href").endswith("/w/acme/launch/aws")
    assert admin.submit(f"{GUIDE}/role", on=GUIDE).status == 303
    assert len(assignments.assignments_of_role(site.scope, aws.default_role.id).items) == 1


def test_role_step_is_open_again_after_the_last_assignment_is_removed(site, admin, aws):
    admin.submit(f"{GUIDE}/role", on=GUIDE)
    (assignment,) = assignments.assignments_of_role(site.scope, aws.default_role.id).items
    assignments.remove_role(
        site.scope,
        role_id=aws.default_role.id,
        user_id=assignment.user_id,
    )
    page = admin.get(GUIDE)
    assert not step(page, 21)[1]
    assert card(page)["Role assigned"] == "To do"


def test_progress_card_and_steps_agree(admin, aws):
    admin.get("/applications/aws/certificate.pem")
    page = admin.get(GUIDE)
    listed = card(page)
    assert listed["Certificate handed over"] == "Done"
    assert listed["Metadata handed over"] == "To do"
    ticked = page.find("count(//main//ol[contains(@class,'steps')]/li[@class='done'])")
    assert ticked == sum(state == "Done" for state in listed.values()) == 2
    for link in page.find("//main//div[h2='Setup progress']//li//a/@href"):
        assert page.find(f"//main//li[@id='{link[1:]}']"), link


def test_disabled_application_offers_no_role(site, admin, aws):
    change.update_application(site.scope, aws.id, enabled=False)
    page = admin.get(GUIDE)
    assert not page.find(GIVE)
    assert "Nobody can sign in" in page.words


def test_user_without_admin_rights_cannot_assign(site, aws):
    site.person("amina")
    visitor = site.visitor().sign_in("amina")
    assert visitor.submit(f"{GUIDE}/role").status in {403, 404}
    assert not assignments.assignments_of_role(site.scope, aws.default_role.id).items


def test_hostile_name_is_escaped(site, admin, aws):
    amina = site.person("amina", first_name="<b>*Amina*", last_name="{{ entity_id }}")
    assignments.assign_roles(site.scope, role_ids=[aws.default_role.id], user_id=amina.id)
    page = admin.get(GUIDE)
    assert "assigned to <b>*Amina* {{ entity_id }} by Ssoko" in step(page, 21)[0]
    users.update_user(site.scope, amina.id, active=False)
    assert not step(admin.get(GUIDE), 21)[1]


def test_installation_tab_tells_when_steps_tick(admin):
    page = admin.get("/marketplace/aws/installation")
    words, done = step(page, 21)
    assert not done
    assert "Ticks automatically when an active user or a group has a role" in words
    assert not page.find(GIVE)
    assert "Done" not in page.words
    assert "What you need" in page.words
