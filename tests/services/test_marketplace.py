import types

import pytest
from marshmallow import Schema
from ssoko.plugin import (
    DefaultRole,
    Integration,
    MetadataField,
    ServiceProvider,
    hookimpl,
)
from ssoko.plugin.registry import PluginSource, Registry
from ssoko.services import marketplace

INTEGRATIONS = {
    "aws": Integration(
        name="AWS",
        summary="Sign in to IAM Identity Center and every account",
        category="Cloud",
        aliases=("amazon web services",),
        monogram="AWS",
        tested_with="0.1",
    ),
    "google-workspace": Integration(
        name="Google Workspace",
        summary="Send people from Gmail to your own sign-in page",
        vendor="Google",
        category="Collaboration",
    ),
    "meteo": Integration(
        name="Météo Étoile",
        summary="Weather maps for crews",
        category="Weather",
        description="Also talks to Google calendars.",
        tested_with="2.0, 2.1",
    ),
    "zoom": Integration(
        name="Zoom", summary="Join meetings with one click", category="Collaboration"
    ),
}


def source(slug: str, about: Integration) -> PluginSource:
    plugin = types.SimpleNamespace(
        integration=hookimpl(lambda: about),
        install_form=hookimpl(lambda: Schema),
        metadata_fields=hookimpl(lambda: (MetadataField(key="entity_id", label="Entity ID"),)),
        default_role=hookimpl(lambda: DefaultRole(name="{name}")),
        installation_guide=hookimpl(lambda: "guide"),
        service_provider=hookimpl(
            lambda settings, site: ServiceProvider(entity_id="x", acs_urls=())
        ),
    )
    return PluginSource(slug, lambda: plugin)


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry.load(source(slug, about) for slug, about in INTEGRATIONS.items())
    assert not registry.problems
    return registry


def found(registry: Registry, q: str = "", **more: object) -> list[str]:
    return [card.slug for card in marketplace.search(registry, q=q, **more)]


def test_without_words_all_come_by_name(registry):
    assert found(registry) == ["aws", "google-workspace", "meteo", "zoom"]


@pytest.mark.parametrize(
    ("q", "slug"),
    [
        ("aws", "aws"),
        ("AMAZON", "aws"),
        ("identity center", "aws"),
        ("amazn", "aws"),
        ("zoo", "zoom"),
        ("zomo", "zoom"),
        ("meteo", "meteo"),
        ("ÉTOILE", "meteo"),
        ("e\u0301toile", "meteo"),
        ("workspce", "google-workspace"),
        ("wrokspace", "google-workspace"),
        ("gmail google", "google-workspace"),
        ("  join   click ", "zoom"),
    ],
)
def test_a_search_forgives(registry, q, slug):
    assert found(registry, q)[0] == slug


def test_a_name_counts_more_than_a_description(registry):
    assert found(registry, "google") == ["google-workspace", "meteo"]


@pytest.mark.parametrize("q", ["kubernetes", "aws zoom", "xy", "aws kubernetes"])
def test_what_nothing_has_finds_nothing(registry, q):
    assert found(registry, q) == []


def test_signs_alone_are_no_search(registry):
    assert len(found(registry, "%%%' OR 1=1 --")) == 0
    assert len(found(registry, " . ")) == 4


def test_categories_are_counted_and_unknown_ones_are_other(registry):
    assert marketplace.categories(registry) == (("Cloud", 1), ("Collaboration", 2), ("Other", 1))
    assert found(registry, category="Collaboration") == ["google-workspace", "zoom"]
    assert found(registry, category="Other") == ["meteo"]
    assert found(registry, category="Nothing") == []


def test_the_state_tells_installed_from_available(registry):
    assert found(registry, state="installed", installed={"aws": 2}) == ["aws"]
    assert "aws" not in found(registry, state="available", installed={"aws": 2})


def test_a_card_says_what_is_known(registry):
    aws, google, meteo, zoom = marketplace.search(registry, installed={"aws": 2, "zoom": 1})
    assert aws.badges == (("ok", "Installed 2 times", "ok"),)
    assert zoom.badges == (("ok", "Installed", "ok"),)
    assert meteo.badges == (("warn", "Not tested with 0.1", "warn"),)
    assert (google.monogram, aws.monogram, zoom.monogram) == ("GW", "AWS", "Zo")
    assert google.vendor == "Google"
    assert zoom.vendor == "Zoom"
    assert 1 <= zoom.tint <= 6
