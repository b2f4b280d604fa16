"""Settings > API tokens."""

import pytest
from ssoko.errors import AuthenticationFailed
from ssoko.services.authentication import api_tokens


def test_token_is_shown_once(site, admin):
    assert "No API tokens yet" in admin.get("/settings/tokens").words
    page = admin.submit("/settings/tokens", {"name": "backup", "scope": "read"})
    assert page.status == 200
    (token,) = [code.text for code in page.find("//main//div[@class='copy']/code")]
    assert api_tokens.authenticate_token(site.services, token).name == "backup"
    later = admin.get("/settings/tokens")
    assert "backup" in later.words
    assert token not in later.text
    assert token not in admin.get("/activity?since=all").text


@pytest.mark.parametrize(
    "values",
    [
        {"name": "", "scope": "read"},
        {"name": "x", "scope": "root"},
        {"name": "x", "scope": "read", "expires": "2001-01-01"},
    ],
)
def test_invalid_token_is_rejected_and_the_entries_are_kept(site, admin, values):
    page = admin.submit("/settings/tokens", values)
    assert page.status == 422
    assert page.value("name") == values["name"]
    assert not api_tokens.list_tokens(site.scope).items


def test_revoking_a_token_is_confirmed_first(site, admin):
    page = admin.submit("/settings/tokens", {"name": "backup", "scope": "admin"})
    (token,) = [code.text for code in page.find("//main//div[@class='copy']/code")]
    path = admin.get("/settings/tokens").links()["Revoke backup"].removeprefix("/w/acme")
    assert "Requests with this token are denied immediately" in admin.get(path).words
    assert api_tokens.authenticate_token(site.services, token)
    done = admin.follow(admin.submit(path))
    assert "Revoked backup." in done.all_words
    with pytest.raises(AuthenticationFailed):
        api_tokens.authenticate_token(site.services, token)
    assert admin.submit("/settings/tokens/nothing/revoke").status == 404
