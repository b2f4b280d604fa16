import pytest
import ssoko_acme
from marshmallow import ValidationError
from ssoko.plugin.testing import LoadedPlugin, assert_integration

SETTINGS = {"acs_url": "https://acme.example.com/saml/acs", "entity_id": "urn:acme"}


@pytest.fixture(scope="module")
def plugin() -> LoadedPlugin:
    return assert_integration(ssoko_acme, SETTINGS)


def test_service_provider_has_the_pasted_values(plugin):
    sp = plugin.service_provider(SETTINGS)
    assert sp.entity_id == "urn:acme"
    assert sp.acs_urls == ("https://acme.example.com/saml/acs",)


def test_url_without_https_is_refused(plugin):
    with pytest.raises(ValidationError) as error:
        plugin.load({**SETTINGS, "acs_url": "http://acme.example.com/saml/acs"})
    assert list(error.value.messages) == ["acs_url"]
