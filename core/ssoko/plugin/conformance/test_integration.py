"""Conformance tests of one installed plugin; the package describes how to run them."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import html
from marshmallow.fields import String
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML  # type: ignore[import-untyped]

from ssoko.errors import AccessRefused, SsokoError
from ssoko.plugin.conformance.hooks import call_hook
from ssoko.plugin.conformance.pages import form_page, install_in_browser, save_in_browser
from ssoko.plugin.conformance.site import ConformanceSite
from ssoko.plugin.guide import GUIDE_VALUES
from ssoko.plugin.hookspecs import HOOKS, Hook
from ssoko.plugin.host import deprecations
from ssoko.plugin.host.form import choices_of
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.plugin.tools.rules.purity import no_network
from ssoko.plugin.tools.rules.sample import required_settings
from ssoko.services.applications import views
from ssoko.services.guides.guide import guide_values, render_guide
from ssoko.services.sso.saml import outcomes
from ssoko.services.troubleshooting.test_sp import accept

HOSTILE = 'Acme "><script>alert(1)</script>&amp; {{ login_endpoint }} [x](javascript:alert(2))'
_MONTH = 31 * 86_400


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """Block sockets during a test, and report blocked calls."""
    with no_network() as calls:
        yield
    assert not calls, f"the plugin used the network: {', '.join(calls)}"


def test_plugin_is_loaded(ssoko_source: PluginSource) -> None:
    registry = Registry.load([ssoko_source], opt_in=frozenset({ssoko_source.slug}))
    assert not registry.problems
    deprecations.warn(registry.integrations[ssoko_source.slug].deprecated)


def test_form_loads_what_it_dumps(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    form = ssoko_site.services.registry.integrations[ssoko_site.slug].form
    loaded = form.load(ssoko_settings)
    secret = {name: ssoko_settings[name] for name in form.secret & ssoko_settings.keys()}
    again = form.load({**form.dump(loaded), **secret})
    assert again == loaded


def test_form_installs_with_the_required_fields_only(ssoko_site: ConformanceSite) -> None:
    entry = ssoko_site.services.registry.integrations[ssoko_site.slug]
    install_in_browser(ssoko_site, required_settings(entry.form))


def test_form_installs_with_every_placeholder_and_is_saved_unchanged(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    url = install_in_browser(ssoko_site, ssoko_settings)
    slug = url.rpartition("/")[2]
    before = views.get_application(ssoko_site.scope, slug)
    save_in_browser(ssoko_site, url)
    after = views.get_application(ssoko_site.scope, slug)
    assert (after.settings, after.service_provider, after.mappers) == (
        before.settings,
        before.service_provider,
        before.mappers,
    )


def test_optional_fields_may_be_cleared(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    form = ssoko_site.services.registry.integrations[ssoko_site.slug].form
    texts = (n for n, f in form.fields.items() if isinstance(f, String) and not f.required)
    cleared = {name: "" for name in texts if not choices_of(form.fields[name])}
    install_in_browser(ssoko_site, required_settings(form) | cleared)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=lambda hook: hook.name)
def test_hook_returns_what_it_promises(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any], hook: Hook
) -> None:
    call_hook(ssoko_site, hook, ssoko_settings)


def test_form_page_has_every_field(ssoko_site: ConformanceSite) -> None:
    page = html.fromstring(form_page(ssoko_site))
    names = {str(n) for n in page.xpath("//*[self::input or self::select or self::textarea]/@name")}
    entry = ssoko_site.services.registry.integrations[ssoko_site.slug]
    plugin_names = [n.removeprefix(POSTED_PREFIX) for n in names if n.startswith(POSTED_PREFIX)]
    shown = {name.partition(".")[0] for name in plugin_names}
    missing = [name for name in entry.form.fields if name not in shown]
    assert not missing, f"the page has no field for {missing}"


def test_guide_shows_every_value(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    application = ssoko_site.install("Sample", ssoko_settings)
    values = guide_values(application)
    assert set(values) >= set(GUIDE_VALUES)
    text = html.fromstring(render_guide(application.guide, values).html).text_content()
    assert "{{" not in text
    assert not [name for name in GUIDE_VALUES.values() if f"‹{name}›" in text]


def test_guide_escapes_values(ssoko_site: ConformanceSite) -> None:
    guide = ssoko_site.services.registry.integrations[ssoko_site.slug].guide
    rendered = render_guide(guide, dict.fromkeys(GUIDE_VALUES, HOSTILE))
    page = html.fromstring(f"<div>{rendered.html}</div>")
    assert not page.xpath("//script")
    assert not page.xpath("//@href[starts-with(., 'javascript:')]")
    assert not [a for a in page.xpath("//@*/..") for k in a.keys() if k.startswith("on")]  # noqa: SIM118


def test_default_role_has_the_name_of_the_application(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    application = ssoko_site.install("Sample", ssoko_settings)
    assert application.default_role is not None
    assert "ample" in application.default_role.name


def test_response_is_valid_and_accepted(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    application = ssoko_site.install("Sample", ssoko_settings)
    if (
        application.service_provider.encrypt_assertions
        or application.service_provider.require_signed_requests
    ):
        pytest.skip("needs a key of the service provider; use settings without encryption")
    try:
        reply = ssoko_site.sign_in(application)
    except AccessRefused as refusal:
        if refusal.code != "plugin-refused":
            raise
        pytest.skip(f"the plugin refuses the sample user: {refusal.received}")
    assert isinstance(reply, outcomes.PostResponse), reply
    xml = base64.b64decode(reply.saml_response)
    valid = OneLogin_Saml2_XML.validate_xml(xml, "saml-schema-protocol-2.0.xsd")
    assert not isinstance(valid, str), valid
    response = accept(application, reply)
    assert response.get_nameid()
    required = {m.name for m in application.mappers if m.required}
    assert required <= set(response.get_attributes())


def test_saving_the_same_settings_changes_nothing(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    application = ssoko_site.install("Sample", ssoko_settings)
    again = ssoko_site.update(application, ssoko_settings)
    assert (again.service_provider, again.mappers) == (
        application.service_provider,
        application.mappers,
    )


def test_uninstall_removes_all_rows(
    ssoko_site: ConformanceSite, ssoko_settings: dict[str, Any]
) -> None:
    def install_and_uninstall() -> dict[str, int]:
        application = ssoko_site.install("Sample", ssoko_settings)
        ssoko_site.update(application, ssoko_settings)
        ssoko_site.uninstall(application)
        with pytest.raises(SsokoError):
            ssoko_site.sign_in(application)
        return ssoko_site.rows()

    before = install_and_uninstall()
    assert not views.list_applications(ssoko_site.scope).items
    # The application can be restored for 30 days. After that, the next uninstall deletes it.
    ssoko_site.ahead = _MONTH
    after = install_and_uninstall()
    sessions = {"Session": 0}
    assert {**after, **sessions} == {**before, **sessions}
