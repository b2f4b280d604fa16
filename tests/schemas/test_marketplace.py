"""The JSON of integrations."""

import pytest
import ssoko_custom_saml
from ssoko.plugin import Integration
from ssoko.plugin.host.index import IndexEntry
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.schemas.marketplace import IntegrationSchema, OfferSchema

ABOUT = Integration(name="Wiki", summary="Write pages together with your team", tested_with="0.1")


@pytest.mark.parametrize(("tier", "shown"), [("", None), ("gold", "gold")])
def test_an_offer_without_a_tier_has_null(tier: str, shown: str | None) -> None:
    entry = IndexEntry(
        slug="wiki",
        distribution="ssoko-wiki",
        version="1.0",
        about=ABOUT,
        sha256="0" * 64,
        tier=tier,
    )
    offer = OfferSchema().dump(entry)
    assert (offer["tier"], offer["tested_with"]) == (shown, "0.1")


def test_an_integration_has_its_vendor_and_its_form_as_json_schema() -> None:
    source = PluginSource("custom-saml", lambda: ssoko_custom_saml, "ssoko-custom-saml", "0.1.0")
    loaded = Registry.load([source]).get("custom-saml")
    assert loaded is not None
    shown = IntegrationSchema().dump(loaded)
    assert shown["vendor"] == (loaded.integration.vendor or loaded.integration.name)
    assert shown["default_role"] == loaded.default_role.name
    assert shown["form"]["type"] == "object"
    assert set(shown["form"]["properties"]) == set(loaded.form().fields)
