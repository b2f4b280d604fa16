"""The Guide tab: ticks with when and by whom, and what can be done at a step."""

import re

import pytest
from ssoko.services.access import assignments
from ssoko.services.applications import change, install
from ssoko.services.people import users
from ssoko.store.models.guides import GuideEvidence

from .conftest import AWS

GUIDE = "/applications/aws/guide"
GIVE = "//main//li//form/button[.='Give it to me']"


@pytest.fixture
def aws(site):
    return install.install(site.scope, integration="aws", name="AWS", settings=AWS)


def step(page, number):
    """Return the words of a step, and whether it is ticked."""
    (item, *_) = page.find(f"//main//ol[contains(@class,'steps')]/li[span/text()='{number}']")
    return re.sub(r"\s+", " ", item.text_content()).strip(), item.get("class") == "done"


def card(page):
    """Return what the card How far it is lists."""
    (found,) = page.find("//main//div[h2='How far it is']")
    return {
        li.xpath("string(span[last()])"): li.xpath("string(span[1])") for li in found.xpath(".//li")
    }


def test_a_new_application_has_one_tick_and_says_when_the_others_come(admin, aws):
    page = admin.get(GUIDE)
    words, done = step(page, 10)
    assert done
    assert re.search(r"Done ?Installed by Ssoko, Today, \d\d:\d\d UTC$", words)
    words, done = step(page, 16)
    assert not done
    assert "Ticks by itself when the certificate that signs is downloaded" in words
    words, done = step(page, 4)
    assert not done
    assert "Ticks by itself" not in words
    assert "1 of 7 seen by Ssoko" in page.words


@pytest.mark.parametrize(
    ("path", "number", "words"),
    [
        ("certificate.pem", 16, "Certificate downloaded by First Last, Today"),
        ("metadata.xml", 12, "Metadata file downloaded by First Last, Today"),
    ],
)
def test_a_download_ticks_its_step(admin, aws, path, number, words):
    assert admin.get(f"/applications/aws/{path}").status == 200
    said, done = step(admin.get(GUIDE), number)
    assert done
    assert words in said


def test_asking_for_the_size_of_a_file_is_no_download(admin, aws):
    for path in ("certificate.pem", "metadata.xml"):
        answer = admin.client.head(f"{admin.base}/applications/aws/{path}")
        assert answer.status_code == 200
    assert not GuideEvidence.select().exists()


def test_give_it_to_me_gives_the_role_and_shows_the_tile(site, admin, aws):
    page = admin.get(GUIDE)
    assert len(page.find(GIVE)) == 1
    assert page.links()["Choose people"].endswith("add=people")
    assert not page.find("//main//ol//h3/a")
    answer = admin.submit(f"{GUIDE}/role", on=GUIDE)
    assert answer.response.headers["Location"].endswith("/guide#next")
    page = admin.follow(answer)
    words, done = step(page, 21)
    assert done
    assert "sso-aws-AWS-role given to" in words
    assert not page.find(GIVE)
    (tile,) = page.find("//main//ol//h3/a")
    assert tile.get("href").endswith("/w/acme/launch/aws")
    assert admin.submit(f"{GUIDE}/role", on=GUIDE).status == 303
    assert len(assignments.assignments_of_role(site.scope, aws.default_role.id).items) == 1


def test_the_role_unticks_when_the_last_one_loses_it(site, admin, aws):
    admin.submit(f"{GUIDE}/role", on=GUIDE)
    (assignment,) = assignments.assignments_of_role(site.scope, aws.default_role.id).items
    assignments.revoke_role(
        site.scope,
        role_id=aws.default_role.id,
        user_id=assignment.user_id,
    )
    page = admin.get(GUIDE)
    assert not step(page, 21)[1]
    assert card(page)["The role given"] == "To do"


def test_the_card_and_the_steps_agree(admin, aws):
    admin.get("/applications/aws/certificate.pem")
    page = admin.get(GUIDE)
    listed = card(page)
    assert listed["Our certificate handed over"] == "Done"
    assert listed["Our metadata handed over"] == "To do"
    ticked = page.find("count(//main//ol[contains(@class,'steps')]/li[@class='done'])")
    assert ticked == sum(state == "Done" for state in listed.values()) == 2
    for link in page.find("//main//div[h2='How far it is']//li//a/@href"):
        assert page.find(f"//main//li[@id='{link[1:]}']"), link


def test_a_disabled_application_offers_no_role_and_says_so(site, admin, aws):
    change.update_application(site.scope, aws.id, enabled=False)
    page = admin.get(GUIDE)
    assert not page.find(GIVE)
    assert "Nobody can sign in" in page.words


def test_somebody_who_is_no_admin_gives_nothing(site, aws):
    site.person("amina")
    visitor = site.visitor().sign_in("amina")
    assert visitor.submit(f"{GUIDE}/role").status in {403, 404}
    assert not assignments.assignments_of_role(site.scope, aws.default_role.id).items


def test_a_hostile_name_is_shown_as_it_is_spelt(site, admin, aws):
    amina = site.person("amina", first_name="<b>*Amina*", last_name="{{ entity_id }}")
    assignments.assign_roles(site.scope, role_ids=[aws.default_role.id], user_id=amina.id)
    page = admin.get(GUIDE)
    assert "given to <b>*Amina* {{ entity_id }} by Ssoko" in step(page, 21)[0]
    users.update_user(site.scope, amina.id, active=False)
    assert not step(admin.get(GUIDE), 21)[1]


def test_before_the_installation_it_says_which_steps_tick_by_themselves(admin):
    page = admin.get("/marketplace/aws/installation")
    words, done = step(page, 21)
    assert not done
    assert "Ticks by itself when an active person, or a group, has a role" in words
    assert not page.find(GIVE)
    assert "Done" not in page.words
    assert "Have ready" in page.words
