import pytest
import ssoko_acme
from marshmallow import ValidationError
from ssoko.plugin.testing import LoadedPlugin, assert_integration

GOOD = {"acs_url": "https://acme.example.com/saml/acs", "entity_id": "urn:acme"}


@pytest.fixture(scope="module")
def plugin() -> LoadedPlugin:
    return assert_integration(ssoko_acme, GOOD)


def test_the_service_provider_is_what_was_pasted(plugin):
    sp = plugin.service_provider(GOOD)
    assert sp.entity_id == "urn:acme"
    assert sp.acs_urls == ("https://acme.example.com/saml/acs",)


def test_an_address_that_is_not_https_is_refused(plugin):
    with pytest.raises(ValidationError) as caught:
        plugin.load({**GOOD, "acs_url": "http://acme.example.com/saml/acs"})
    assert list(caught.value.messages) == ["acs_url"]
