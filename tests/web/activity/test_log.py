"""Activity: filters in the URL, older and newer events, one event, CSV."""

import csv
import io

import pytest
from ssoko.services.activity import log
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.people import groups, users


def rows(page):
    return page.find("//main//tbody/tr[td[@data-label='When']]")


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno")


def test_events_are_shown_in_the_time_zone(admin, amina):
    page = admin.get("/activity")
    assert "When, UTC" in page.words
    assert "Amina Otieno" in page.words
    assert "UTC" in rows(page)[0].text_content()


def test_filters_are_in_the_url(admin, admin_user, amina):
    by_admin = admin.get(f"/activity?who={admin_user.id}")
    assert {r.xpath("string(td[2])").strip()[2:].strip() for r in rows(by_admin)} == {"First Last"}
    assert by_admin.value("who") == admin_user.id
    (what,) = {a.get("href") for a in by_admin.find("//main//td[@data-label='What']//a")}
    narrowed = admin.get(what.removeprefix("/w/acme"))
    assert rows(narrowed)
    assert not rows(admin.get("/activity?outcome=refused"))


def test_query_finds_denied_sign_ins(site, admin):
    wrong = {"username": "admin1", "password": "not the password"}
    site.visitor().submit("/sign-in", wrong, on="/sign-in")
    page = admin.get("/activity?q=outcome:refused")
    assert "Denied" in rows(page)[0].text_content()
    assert page.value("q") == "outcome:refused"
    assert "The password was wrong." in page.words
    (href,) = page.find("//main//tr[@class='detail']//a/@href")
    event = admin.get(href.removeprefix("/w/acme"))
    assert "What went wrong" in event.words


@pytest.mark.parametrize("query", ["q=since:notaday", "q=action:nonsense", "since=yesterdayish"])
def test_invalid_filter_is_named_and_kept(admin, query):
    page = admin.get(f"/activity?{query}")
    assert page.status == 422
    assert page.find("//*[@role='alert']")
    if query.startswith("q="):
        assert page.value("q") == query[2:]


@pytest.mark.parametrize(
    "query", ["cursor=zzz", "trail=~~~", "who=%00", "what='%20OR%201=1", "q=%25%25"]
)
def test_malformed_query_strings_are_no_server_error(admin, query):
    assert admin.get(f"/activity?{query}").status in (200, 422)


def test_page_without_results_links_to_all_events(admin):
    page = admin.get("/activity?what=issuer.created")
    assert "No results for these filters" in page.words
    assert page.links()["View all"] == "/w/acme/activity?since=all"


def test_older_and_newer_visit_every_event(site, admin):
    for number in range(120):
        site.person(f"p{number:03}", password=None)
    hrefs = []
    page = admin.get("/activity")
    first = [a.get("href") for a in page.find("//main//td[@data-label='When']/a")]
    while True:
        hrefs += page.find("//main//td[@data-label='When']/a/@href")
        if "Older" not in page.links():
            break
        page = admin.get(page.links()["Older"].removeprefix("/w/acme"))
    assert len(hrefs) == len(set(hrefs)) >= 121
    for _ in range(2):
        page = admin.get(page.links()["Newer"].removeprefix("/w/acme"))
    assert page.find("//main//td[@data-label='When']/a/@href") == first
    assert "Newer" not in page.links()


def test_events_of_the_first_second_are_all_listed(site, admin):
    for number in range(20):
        groups.create_group(site.scope, name=f"Group {number}")
    everything = admin.get("/activity?since=all")
    assert "Workspace created" in everything.words
    assert len(rows(admin.get("/activity"))) == len(rows(everything))


def test_bars_have_a_label_with_their_numbers(admin, amina):
    (bars,) = admin.get("/activity").find("//main//*[name()='svg'][@role='img']")
    assert "Events per day, last 7 days: 0, 0, 0, 0, 0, 0, " in bars.get("aria-label")


def test_event_has_its_own_page(admin, amina):
    href = rows(admin.get(f"/activity?target={amina.id}"))[0].xpath("td[1]/a/@href")[0]
    page = admin.get(href.removeprefix("/w/acme"))
    assert "Amina Otieno" in page.words
    assert admin.get("/activity/nothing").status == 404


def test_csv_quotes_formulas(site, admin):
    for name in ('=cmd("calc")', "+1+1", "@sum", "-2"):
        users.create_user(site.scope, username=f"u{ord(name[0])}", first_name=name)
    response = admin.get("/activity.csv").response
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"] == 'attachment; filename="acme-activity.csv"'
    head, *lines = csv.reader(io.StringIO(response.get_data(as_text=True)))
    assert head[:5] == ["When", "Who", "What", "Target", "Outcome"]
    cells = [cell for line in lines for cell in line]
    assert '\'=cmd("calc")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "-"))]


def test_csv_contains_the_filtered_events(admin, amina):
    everything = admin.get("/activity.csv").text.splitlines()
    filtered = admin.get(f"/activity.csv?target={amina.id}").text.splitlines()
    assert len(everything) > len(filtered) == 2
    assert "Amina Otieno" in filtered[1]


@pytest.mark.parametrize("path", ["/activity", "/activity.csv", "/activity/x"])
def test_only_admins_see_these_pages(site, amina, path):
    assert site.visitor().sign_in("amina").get(path).status == 403


def test_event_of_another_workspace_is_not_found(site, admin):
    from ssoko.services import workspaces

    other = workspaces.create_workspace(site.services, SYSTEM, slug="other", name="Other")
    (event, *_) = log.list_events(Scope(site.services, other.id, SYSTEM)).items
    assert admin.get(f"/activity/{event.id}").status == 404
