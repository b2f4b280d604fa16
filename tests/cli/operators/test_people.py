"""The commands that create workspaces, users and tokens: their JSON is that of the API."""

import base64
import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from marshmallow import Schema
from ssoko.cli import cli
from ssoko.schemas.authentication import TokenSchema
from ssoko.schemas.people import UserSchema
from ssoko.schemas.workspaces import WorkspaceSchema

ACME = ("--workspace", "acme")


@pytest.fixture(autouse=True)
def acme(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A site with the workspace acme."""
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    monkeypatch.setenv("SSOKO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SSOKO_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("SSOKO_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    return run("workspace", "create", "acme")


def run(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def fields_of(schema: type[Schema]) -> set[str]:
    return set(schema().fields)


def test_a_new_workspace_has_the_fields_of_the_api_and_its_url(acme: dict[str, Any]) -> None:
    assert set(acme) == fields_of(WorkspaceSchema) | {"url"}
    assert acme["created_at"].endswith("Z")


def test_workspaces_are_listed_as_the_api_lists(acme: dict[str, Any]) -> None:
    assert run("workspace", "list") == {
        "items": [{name: value for name, value in acme.items() if name != "url"}],
        "next": None,
    }


def test_a_new_user_has_the_fields_of_the_api() -> None:
    user = run("user", "create", *ACME, "--username", "amina")
    assert set(user) == fields_of(UserSchema)


def test_a_new_token_is_shown_with_its_workspace() -> None:
    token = run("token", "create", *ACME, "--name", "lab")
    assert set(token) == fields_of(TokenSchema) | {"token", "workspace"}
    assert token["scope"] == "read"
    created, expires = (datetime.fromisoformat(token[n]) for n in ("created_at", "expires_at"))
    assert timedelta(days=89, hours=23) < expires - created <= timedelta(days=90)


def test_a_token_has_the_rights_and_the_lifetime_that_are_asked_for() -> None:
    token = run("token", "create", *ACME, "--name", "lab", "--scope", "admin", "--no-expiry")
    assert (token["scope"], token["expires_at"]) == ("admin", None)
