"""While the database is down, all pages return 503; afterwards they work again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from ssoko.services.context import Services
from ssoko.store import db
from ssoko.store.models.table import database

from .conftest import Api


@pytest.fixture
def down(api: Api, services: Services, tmp_path: Path) -> Iterator[None]:
    """Take the database away, by moving it to a folder that is gone."""
    database.close()
    gone = tmp_path / "gone"
    gone.mkdir()
    db.connect(f"sqlite:///{gone}/ssoko.sqlite3")
    gone.rmdir()
    yield
    database.close()
    db.connect(services.config.database_url)


def test_the_health_is_only_good_while_the_database_answers(app: Flask, api: Api) -> None:
    assert app.test_client().get("/healthz").json == {"status": "ok"}


@pytest.mark.usefixtures("down")
def test_the_health_is_bad_without_a_database(app: Flask) -> None:
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json["cause"] == "its file cannot be opened"


@pytest.mark.usefixtures("down")
def test_the_process_is_alive_without_a_database(app: Flask) -> None:
    answer = app.test_client().get("/livez", headers={"Host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.usefixtures("down")
@pytest.mark.parametrize("path", ["/", "/w/acme/sign-in", "/w/acme/users", "/w/acme/nothing"])
def test_pages_say_that_it_is_being_repaired(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code == 503
    assert answer.mimetype == "text/html"
    assert answer.headers["Retry-After"]


@pytest.mark.usefixtures("down")
def test_the_api_says_when_to_try_again(api: Api) -> None:
    answer = api("GET", "/users")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]


@pytest.mark.usefixtures("down")
def test_the_error_page_keeps_its_style(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/w/acme/sign-in").text
    sheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with client.get(sheet) as answer:
        assert answer.status_code == 200
