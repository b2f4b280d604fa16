"""The CSV download of the activity log."""

import csv
import io

import pytest
from ssoko.services.access import assignments
from ssoko.services.applications import install
from ssoko.services.people import users
from ssoko.store import db
from ssoko.web.framework.downloads import harmless

from tests.web.conftest import AWS_FORM, populate


@pytest.fixture
def site(empty_app):
    return populate(empty_app)


def test_assignment_names_role_application_and_ids(site):
    with db.session():
        view = install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)
        assignments.assign_roles(
            site.scope, role_ids=[view.default_role.id], user_id=site.person.id
        )
    text = site.browser(site.admin).get("/w/acme/activity.csv").text
    (row,) = [row for row in csv.DictReader(io.StringIO(text)) if row["What"] == "Role assigned"]
    assert row["Target"] == "Pete Test"
    assert row["Role or user"] == view.default_role.name
    assert row["Application"] == "AWS"
    assert (row["Target ID"], row["Application ID"]) == (site.person.id, view.id)


def test_denied_sign_in_has_its_reason(site):
    with db.session():
        install.install(site.scope, integration="aws", name="AWS", settings=AWS_FORM)
    site.browser(site.person).get("/w/acme/launch/aws")
    text = site.browser(site.admin).get("/w/acme/activity.csv").text
    (row,) = [row for row in csv.DictReader(io.StringIO(text)) if row["Outcome"] == "refused"]
    assert row["Reason"].startswith("Pete Test has no role for AWS.")
    assert row["Application"] == "AWS"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("x;=1+1", "x;'=1+1"),
        ("x; @SUM(A1)", "x; '@SUM(A1)"),
        ('a;"=1+1', "a;\"'=1+1"),
        ("x\t-2", "x\t'-2"),
        ("x\n+1", "x\n'+1"),
        ("a-b; c+d", "a-b; c+d"),
        ("ada@acme.test", "ada@acme.test"),
    ],
)
def test_no_cell_starts_with_a_formula(value, expected):
    assert harmless(value) == expected


def test_user_with_a_formula_as_name_is_exported_as_text(site):
    with db.session():
        users.create_user(site.scope, username="evil", first_name="x;=1+1")
    text = site.browser(site.admin).get("/w/acme/activity.csv").text
    assert "x;'=1+1" in text and "x;=1+1" not in text


@pytest.mark.parametrize("query", ["target:Pete", "role:x", "user:ada"])
def test_unknown_filter_is_an_error(site, query):
    page = site.browser(site.admin).get("/w/acme/activity", query_string={"q": query})
    assert page.status_code == 422
    assert "There is no filter" in page.text


@pytest.mark.parametrize(
    "query", ["https://app.example.com", "urn:amazon", 'action:sign-in "target:x"', "app:aws"]
)
def test_words_with_a_colon_are_searched(site, query):
    page = site.browser(site.admin).get("/w/acme/activity", query_string={"q": query})
    assert page.status_code == 200
