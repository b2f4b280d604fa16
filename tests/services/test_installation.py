"""Data and settings that do not belong together."""

from dataclasses import replace

import pytest
from ssoko.errors import ConfigError
from ssoko.plugin.host.registry import Registry
from ssoko.services import installation
from ssoko.services.context import Scope, Services
from ssoko.services.credentials.key_ring import KeyRing
from ssoko.services.issuers import issuers
from ssoko.services.people.users import UserView, create_user
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.people import User


@pytest.fixture(autouse=True)
def _only_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the variable that chooses the database of the tests."""
    monkeypatch.delenv("SSOKO_TEST_ENGINE", raising=False)


def test_the_master_key_of_the_stored_keys_is_accepted(services: Services, scope: Scope) -> None:
    installation.require_master_key(KeyRing(b"x" * 32))
    issuers.create_issuer(scope, name="Shared")
    installation.require_master_key(services.keys)


def test_another_master_key_is_refused(services: Services, scope: Scope) -> None:
    issuers.create_issuer(scope, name="Shared")
    with pytest.raises(ConfigError, match=r"SSOKO_MASTER_KEY.*master\.key"):
        installation.require_master_key(KeyRing(b"x" * 32))


def test_a_new_base_url_is_a_notice_until_it_is_recorded(
    services: Services, workspace: WorkspaceView
) -> None:
    installation.record_first_base_url(services.config)
    assert installation.notices(services.config) == []
    moved = replace(services.config, base_url="https://new.example")
    installation.record_first_base_url(moved)
    (notice,) = installation.notices(moved)
    assert "https://sso.example" in notice and "https://new.example" in notice
    assert installation.former_base_url(moved) == "https://sso.example"
    installation.record_base_url(moved)
    assert installation.notices(moved) == []


def test_files_that_everybody_can_read_are_a_notice(services: Services) -> None:
    services.config.data_dir.chmod(0o755)
    if services.config.database_url.startswith("sqlite"):
        services.config.database_file.chmod(0o600)
    key = services.config.data_dir / "master.key"
    key.write_text("x")
    key.chmod(0o644)
    (notice,) = installation.notices(services.config)
    assert str(key) in notice
    key.chmod(0o640)
    assert installation.notices(services.config) == []


def test_a_variable_that_is_no_setting_is_a_notice(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSOKO_BASEURL", "https://sso.example.org")
    (notice,) = installation.notices(services.config)
    assert notice.startswith("SSOKO_BASEURL")


def test_a_username_that_is_the_email_of_another_user_is_a_notice(
    services: Services, scope: Scope, user: UserView
) -> None:
    other = create_user(scope, username="other")
    User.update(username="amina@acme.test", username_key="amina@acme.test").where(
        User.id == other.id
    ).execute()
    (notice,) = installation.notices(services.config)
    assert "amina@acme.test is the username" in notice


def test_a_missing_plugin_is_no_notice_without_its_applications(services: Services) -> None:
    assert installation.notices(services.config, Registry.load([])) == []
