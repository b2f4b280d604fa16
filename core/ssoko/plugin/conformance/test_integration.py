"""Conformance of one installed plugin; see the package for how to run it."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import html
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML  # type: ignore[import-untyped]

from ssoko.errors import SsokoError
from ssoko.plugin.conformance.pages import form_page
from ssoko.plugin.conformance.site import SiteFixture
from ssoko.plugin.guide import GUIDE_VALUES
from ssoko.plugin.host import deprecations
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.plugin.tools.rules.purity import no_network
from ssoko.services.applications import views
from ssoko.services.guides.guide import guide_values, render_guide
from ssoko.services.sso.saml import sign_in
from ssoko.services.troubleshooting.test_sp import accept

HOSTILE = 'Acme "><script>alert(1)</script>&amp; {{ login_endpoint }} [x](javascript:alert(2))'
_MONTH = 31 * 86_400


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """Refuse sockets to everything within a test, and name whoever reached for one."""
    with no_network() as reached:
        yield
    assert not reached, f"it reached for the network: {', '.join(reached)}"


def test_it_is_loaded(ssoko_source: PluginSource) -> None:
    registry = Registry.load([ssoko_source], opt_in=frozenset({ssoko_source.slug}))
    assert not registry.problems
    deprecations.warn(registry.integrations[ssoko_source.slug].deprecated)


def test_the_form_takes_back_what_it_gave(
    ssoko_site: SiteFixture, ssoko_settings: dict[str, Any]
) -> None:
    form = ssoko_site.services.registry.integrations[ssoko_site.slug].form()
    loaded = form.load(ssoko_settings)
    secret = {name: ssoko_settings[name] for name in form.load_fields.keys() - form.dump_fields}
    again = form.load({**form.dump(loaded), **secret})
    assert again == loaded


def test_the_form_page_is_shown(ssoko_site: SiteFixture) -> None:
    page = html.fromstring(form_page(ssoko_site))
    names = {str(n) for n in page.xpath("//*[self::input or self::select or self::textarea]/@name")}
    entry = ssoko_site.services.registry.integrations[ssoko_site.slug]
    theirs = [n.removeprefix(POSTED_PREFIX) for n in names if n.startswith(POSTED_PREFIX)]
    drawn = {name.partition(".")[0] for name in theirs}
    missing = [name for name in entry.form().load_fields if name not in drawn]
    assert not missing, f"the page has no field for {missing}"


def test_the_guide_has_a_value_in_every_place(
    ssoko_site: SiteFixture, ssoko_settings: dict[str, Any]
) -> None:
    made = ssoko_site.install("Sample", ssoko_settings)
    values = guide_values(made)
    assert set(values) >= set(GUIDE_VALUES)
    text = html.fromstring(render_guide(made.guide, values).html).text_content()
    assert "{{" not in text
    assert not [name for name in GUIDE_VALUES.values() if f"‹{name}›" in text]


def test_a_hostile_name_does_no_harm(ssoko_site: SiteFixture) -> None:
    guide = ssoko_site.services.registry.integrations[ssoko_site.slug].guide
    drawn = render_guide(guide, dict.fromkeys(GUIDE_VALUES, HOSTILE))
    page = html.fromstring(f"<div>{drawn.html}</div>")
    assert not page.xpath("//script")
    assert not page.xpath("//@href[starts-with(., 'javascript:')]")
    assert not [a for a in page.xpath("//@*/..") for k in a.keys() if k.startswith("on")]  # noqa: SIM118


def test_the_default_role_carries_the_name(
    ssoko_site: SiteFixture, ssoko_settings: dict[str, Any]
) -> None:
    made = ssoko_site.install("Sample", ssoko_settings)
    assert made.default_role is not None
    assert "ample" in made.default_role.name


def test_the_response_is_valid_and_accepted(
    ssoko_site: SiteFixture, ssoko_settings: dict[str, Any]
) -> None:
    made = ssoko_site.install("Sample", ssoko_settings)
    if made.service_provider.encrypt_assertions or made.service_provider.require_signed_requests:
        pytest.skip("needs a key of the service provider's; give answers without encryption")
    answer = ssoko_site.sign_in(made)
    assert isinstance(answer, sign_in.PostResponse), answer
    xml = base64.b64decode(answer.saml_response)
    valid = OneLogin_Saml2_XML.validate_xml(xml, "saml-schema-protocol-2.0.xsd")
    assert not isinstance(valid, str), valid
    response = accept(made, answer)
    assert response.get_nameid()
    required = {m.name for m in made.mappers if m.required}
    assert required <= set(response.get_attributes())


def test_saving_the_settings_again_changes_nothing(
    ssoko_site: SiteFixture, ssoko_settings: dict[str, Any]
) -> None:
    made = ssoko_site.install("Sample", ssoko_settings)
    again = ssoko_site.update(made, ssoko_settings)
    assert (again.service_provider, again.mappers) == (made.service_provider, made.mappers)


def test_an_uninstalled_application_leaves_nothing_behind(
    ssoko_site: SiteFixture, ssoko_settings: dict[str, Any]
) -> None:
    def come_and_go() -> dict[str, int]:
        made = ssoko_site.install("Sample", ssoko_settings)
        ssoko_site.update(made, ssoko_settings)
        ssoko_site.uninstall(made)
        with pytest.raises(SsokoError):
            ssoko_site.sign_in(made)
        return ssoko_site.rows()

    left = come_and_go()
    assert not views.list_applications(ssoko_site.scope).items
    # It can be restored for thirty days; the next uninstallation after them sweeps it away.
    ssoko_site.ahead = _MONTH
    later = come_and_go()
    sessions = {"Session": 0}
    assert {**later, **sessions} == {**left, **sessions}
