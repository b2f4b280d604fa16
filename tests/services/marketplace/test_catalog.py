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


def found(registry: Registry, q: str = "", **more: object) -> list[str]:
    return [card.slug for card in catalog.search(registry, q=q, **more)]


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
    assert catalog.categories(registry) == (("Cloud", 1), ("Collaboration", 2), ("Other", 1))
    assert found(registry, category="Collaboration") == ["google-workspace", "zoom"]
    assert found(registry, category="Other") == ["meteo"]
    assert found(registry, category="Nothing") == []


def test_the_state_tells_installed_from_available(registry):
    assert found(registry, state="installed", installed={"aws": 2}) == ["aws"]
    assert "aws" not in found(registry, state="available", installed={"aws": 2})


def test_a_card_says_what_is_known(registry):
    aws, google, meteo, zoom = catalog.search(registry, installed={"aws": 2, "zoom": 1})
    assert aws.badges == (("ok", "Installed 2 times", "ok"),)
    assert zoom.badges == (("ok", "Installed", "ok"),)
    assert meteo.badges == (("warn", "Not tested with 0.1", "warn"),)
    assert (google.monogram, aws.monogram, zoom.monogram) == ("GW", "AWS", "Zo")
    assert google.vendor == "Google"
    assert zoom.vendor == "Zoom"
    assert 1 <= zoom.tint <= 6


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


def test_what_is_on_the_server_hides_its_entry_and_comes_first(registry):
    assert found(registry, index=INDEX) == [*found(registry), "aaa", "gmail"]
    assert found(registry, "zoom", index=INDEX) == ["zoom"]
    (zoom,) = catalog.search(registry, q="zoom", index=INDEX)
    assert (zoom.name, zoom.on_server) == ("Zoom", True)


def test_a_better_match_in_the_index_goes_before_a_worse_one_on_the_server(registry):
    assert found(registry, "gmail", index=INDEX) == ["gmail", "google-workspace"]


def test_states_tell_absent_from_available(registry):
    installed = {"aws": 1}
    assert found(registry, state="absent", index=INDEX, installed=installed) == ["aaa", "gmail"]
    here = found(registry, state="available", index=INDEX, installed=installed)
    assert here == ["google-workspace", "meteo", "zoom"]


def test_broken_and_skipped_plugins_are_on_the_server_too():
    broken = PluginSource("gmail", lambda: 1 / 0)
    registry = Registry.load(
        [broken, source("aaa", INTEGRATIONS["aws"])], disabled=frozenset({"aaa"})
    )
    assert list(catalog.absent(registry, INDEX)) == ["zoom", "aws", "meteo"]


def test_badges_tell_of_a_newer_version_that_fits_and_of_what_does_not(registry):
    versions = {"aws": "0.1", "zoom": "0.2", "meteo": "0.1", "google-workspace": "0.1"}
    registry = Registry.load(
        replace(source(slug, about), distribution=f"Ssoko_{slug}", version=versions[slug])
        for slug, about in INTEGRATIONS.items()
    )
    cards = {card.slug: card for card in catalog.search(registry, index=INDEX)}
    assert cards["zoom"].badges == (("download", "0.3 available", "now"),)
    assert cards["aws"].badges == ()
    assert cards["aws"].offer is None
    assert cards["meteo"].badges == (("warn", "Not tested with 0.1", "warn"),)
    assert cards["meteo"].offer == INDEX["meteo"]
    assert cards["gmail"].badges == (("download", "Not on this server", ""),)
    assert [word for _, word, _ in cards["aaa"].badges] == [
        "Not on this server",
        "For another Ssoko",
    ]


def test_products_of_a_vendor_stand_together_at_the_place_of_its_name(registry):
    made = catalog.shelves(catalog.search(registry, index=INDEX))
    assert [(s.vendor, [c.slug for c in s.cards]) for s in made] == [
        ("AWS", ["aws"]),
        ("Google", ["google-workspace", "gmail"]),
        ("Météo Étoile", ["meteo"]),
        ("Zoom", ["zoom"]),
        ("Aaa", ["aaa"]),
    ]
    assert found(registry, vendor="GOOGLE", index=INDEX) == ["google-workspace", "gmail"]
    assert catalog.vendors(registry, INDEX) == (("Google", 2),)
    assert catalog.vendors(registry) == ()


def test_publishers_are_listed_when_there_are_several(registry):
    assert catalog.publishers(registry, INDEX) == ()
    more = INDEX | {"wiki": offer("wiki", Integration(name="W", summary="x", publisher="Other"))}
    assert catalog.publishers(registry, more) == (("Acme", 1), ("Other", 1))
    assert found(registry, publisher="Acme", index=more) == ["aaa"]
