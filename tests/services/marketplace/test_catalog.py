import types
from dataclasses import replace

import pytest
from marshmallow import Schema
from ssoko.plugin import DefaultRole, Integration, MetadataField, ServiceProvider, hookimpl
from ssoko.plugin.host.index import IndexEntry
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.services.marketplace import catalog

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


def search_slugs(registry: Registry, q: str = "", **more: object) -> list[str]:
    return [card.slug for card in catalog.search(registry, q=q, **more)]


def test_search_without_text_sorts_by_name(registry):
    assert search_slugs(registry) == ["aws", "google-workspace", "meteo", "zoom"]


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
def test_search_ignores_case_accents_and_typing_errors(registry, q, slug):
    assert search_slugs(registry, q)[0] == slug


def test_match_in_the_name_ranks_above_the_description(registry):
    assert search_slugs(registry, "google") == ["google-workspace", "meteo"]


@pytest.mark.parametrize("q", ["kubernetes", "aws zoom", "xy", "aws kubernetes"])
def test_search_without_match_is_empty(registry, q):
    assert search_slugs(registry, q) == []


def test_search_ignores_punctuation(registry):
    assert len(search_slugs(registry, "%%%' OR 1=1 --")) == 0
    assert len(search_slugs(registry, " . ")) == 4


def test_categories_are_counted_and_unknown_ones_become_other(registry):
    assert catalog.count_categories(registry) == (("Cloud", 1), ("Collaboration", 2), ("Other", 1))
    assert search_slugs(registry, category="Collaboration") == ["google-workspace", "zoom"]
    assert search_slugs(registry, category="Other") == ["meteo"]
    assert search_slugs(registry, category="Nothing") == []


def test_state_filter_separates_installed_from_available(registry):
    assert search_slugs(registry, state="installed", installed={"aws": 2}) == ["aws"]
    assert "aws" not in search_slugs(registry, state="available", installed={"aws": 2})


def test_card_has_the_facts_of_its_integration(registry):
    aws, google, meteo, zoom = catalog.search(registry, installed={"aws": 2, "zoom": 1})
    assert (aws.installed, zoom.installed, google.installed) == (2, 1, 0)
    assert (meteo.tested, google.tested) == (False, None)
    assert (google.monogram, aws.monogram, zoom.monogram) == ("GW", "AWS", "Zo")
    assert google.vendor == "Google"
    assert zoom.vendor == "Zoom"


# ---------------------------------------------------------------------------
# The index, and vendors with several products
# ---------------------------------------------------------------------------


def offer(slug: str, about: Integration, version: str = "1.0", core: str = "") -> IndexEntry:
    return IndexEntry(
        slug=slug,
        distribution=f"ssoko-{slug}",
        version=version,
        about=about,
        requires_core=core,
        sha256="0" * 64,
    )


INDEX = {
    entry.slug: entry
    for entry in (
        offer("gmail", Integration(name="Gmail", summary="Read mail", vendor="google")),
        offer("aaa", Integration(name="Aaa", summary="Comes last", publisher="Acme"), core=">=7"),
        offer("zoom", replace(INTEGRATIONS["zoom"], name="Zoom of the index"), "0.3"),
        offer("aws", INTEGRATIONS["aws"], "0.1"),
        offer("meteo", INTEGRATIONS["meteo"], "0.9", core=">=7"),
    )
}


def test_plugin_on_the_server_replaces_its_index_entry_and_comes_first(registry):
    assert search_slugs(registry, index=INDEX) == [*search_slugs(registry), "aaa", "gmail"]
    assert search_slugs(registry, "zoom", index=INDEX) == ["zoom"]
    (zoom,) = catalog.search(registry, q="zoom", index=INDEX)
    assert (zoom.name, zoom.on_server) == ("Zoom", True)


def test_better_match_in_the_index_ranks_first(registry):
    assert search_slugs(registry, "gmail", index=INDEX) == ["gmail", "google-workspace"]


def test_state_filter_separates_absent_from_available(registry):
    installed = {"aws": 1}
    assert search_slugs(registry, state="absent", index=INDEX, installed=installed) == [
        "aaa",
        "gmail",
    ]
    here = search_slugs(registry, state="available", index=INDEX, installed=installed)
    assert here == ["google-workspace", "meteo", "zoom"]


def test_broken_and_skipped_plugins_are_not_absent():
    broken = PluginSource("gmail", lambda: 1 / 0)
    registry = Registry.load(
        [broken, source("aaa", INTEGRATIONS["aws"])], disabled=frozenset({"aaa"})
    )
    assert list(catalog.absent_entries(registry, INDEX)) == ["zoom", "aws", "meteo"]


def test_card_has_an_index_entry_only_if_it_is_newer(registry):
    versions = {"aws": "0.1", "zoom": "0.2", "meteo": "0.1", "google-workspace": "0.1"}
    registry = Registry.load(
        replace(source(slug, about), distribution=f"Ssoko_{slug}", version=versions[slug])
        for slug, about in INTEGRATIONS.items()
    )
    cards = {card.slug: card for card in catalog.search(registry, index=INDEX)}
    assert cards["zoom"].offer == INDEX["zoom"]
    assert cards["aws"].offer is None
    assert cards["meteo"].offer == INDEX["meteo"]
    assert cards["gmail"].offer == INDEX["gmail"]
    assert not cards["gmail"].on_server


def test_integrations_of_a_vendor_are_grouped_under_its_name(registry):
    groups = catalog.group_by_vendor(catalog.search(registry, index=INDEX))
    assert [(s.vendor, [c.slug for c in s.cards]) for s in groups] == [
        ("AWS", ["aws"]),
        ("Google", ["google-workspace", "gmail"]),
        ("Météo Étoile", ["meteo"]),
        ("Zoom", ["zoom"]),
        ("Aaa", ["aaa"]),
    ]
    assert search_slugs(registry, vendor="GOOGLE", index=INDEX) == ["google-workspace", "gmail"]
    assert catalog.count_vendors(registry, INDEX) == (("Google", 2),)
    assert catalog.count_vendors(registry) == ()


def test_publishers_are_counted_if_there_are_several(registry):
    assert catalog.count_publishers(registry, INDEX) == ()
    more = INDEX | {"wiki": offer("wiki", Integration(name="W", summary="x", publisher="Other"))}
    assert catalog.count_publishers(registry, more) == (("Acme", 1), ("Other", 1))
    assert search_slugs(registry, publisher="Acme", index=more) == ["aaa"]
