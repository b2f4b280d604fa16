import signal
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import replace

import pytest
from marshmallow import Schema, fields
from ssoko.errors import HookFailed, InputError, ProposalRefused
from ssoko.plugin import (
    DefaultRole,
    Integration,
    MetadataField,
    Problem,
    SamlAttribute,
    ServiceProvider,
    Site,
    hookimpl,
)
from ssoko.plugin.host.registry import PluginSource, Registry, installed_sources

SITE = Site(base_url="https://sso.test", plugin_url="https://sso.test/plugins/zoom")
SP = ServiceProvider(entity_id="urn:zoom", acs_urls=("https://zoom.test/acs",))


class Form(Schema):
    acs_url = fields.String(required=True)


class Plugin:
    """Answers every required hook; a test replaces what it is about."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.settings: list[object] = []

    def answer(self, hook: str, default: object) -> object:
        answer = self.answers.get(hook, default)
        if isinstance(answer, BaseException):
            raise answer
        return answer() if isinstance(answer, types.LambdaType) else answer

    @hookimpl
    def integration(self):
        return self.answer("integration", Integration(name="Zoom", summary="Join with one click"))

    @hookimpl
    def install_form(self):
        return self.answer("install_form", Form)

    @hookimpl
    def metadata_fields(self):
        return self.answer("metadata_fields", (MetadataField(key="entity_id", label="Entity ID"),))

    @hookimpl
    def default_role(self):
        return self.answer("default_role", DefaultRole(name="sso-zoom-{name}-role"))

    @hookimpl
    def installation_guide(self):
        return self.answer("installation_guide", "## Test\n{{ login_endpoint }}")

    @hookimpl
    def service_provider(self, settings, site):
        self.settings.append(settings)
        return self.answer("service_provider", SP)


class WithOptionalHooks(Plugin):
    @hookimpl
    def check_settings(self, settings):
        return self.answer("check_settings", (Problem("acs_url", "Paste another one"),))

    @hookimpl
    def saml_attributes(self, settings, person, roles):
        return self.answer("saml_attributes", ())

    @hookimpl
    def web_application(self, context):
        return self.answer("web_application", None)


def source(plugin: object, slug: str = "zoom", distribution: str = "ssoko-zoom") -> PluginSource:
    return PluginSource(slug, lambda: plugin, distribution, "1.2")


def raising(error: BaseException) -> Callable[[], object]:
    def load() -> object:
        raise error

    return load


def only_problem(registry: Registry):
    assert not registry.integrations
    (problem,) = registry.problems
    return problem


def refused(**answers: object) -> str:
    """Return the message for a plugin that describes itself wrongly."""
    problem = only_problem(Registry.load([source(Plugin(**answers))]))
    assert (problem.slug, problem.distribution, problem.version) == ("zoom", "ssoko-zoom", "1.2")
    assert problem.stage == "describe"
    return problem.message


def test_valid_plugin_is_loaded_with_its_declarations():
    entry = Registry.load([source(Plugin())]).get("zoom")
    assert entry.integration.name == "Zoom"
    assert entry.form.schema_class is Form
    assert entry.default_role.name == "sso-zoom-{name}-role"
    assert "check_settings" not in entry.hooks
    assert "service_provider" in entry.hooks


def test_integrations_are_sorted_by_name():
    plugins = {"a": "zebra", "b": "Alpaca", "c": "Moose"}
    registry = Registry.load(
        source(Plugin(integration=Integration(name=name, summary="An animal")), slug)
        for slug, name in plugins.items()
    )
    assert list(registry.integrations) == ["b", "c", "a"]


@pytest.mark.parametrize("error", [ImportError("no module named zoomus"), SystemExit(3)])
def test_plugin_that_fails_at_import_does_not_affect_others(error):
    registry = Registry.load(
        [PluginSource("bad", raising(error), "ssoko-bad", "0.9"), source(Plugin())]
    )
    assert list(registry.integrations) == ["zoom"]
    (problem,) = registry.problems
    assert (problem.slug, problem.distribution, problem.version) == ("bad", "ssoko-bad", "0.9")
    assert problem.stage == "import"
    assert type(error).__name__ in problem.message
    assert "Traceback" in problem.traceback


def test_ctrl_c_stops_the_process_during_import():
    with pytest.raises(KeyboardInterrupt):
        Registry.load([PluginSource("bad", raising(KeyboardInterrupt()))])


def test_failed_plugin_is_logged_once(caplog):
    Registry.load([PluginSource("bad", raising(ImportError("gone")), "ssoko-bad", "0.9")])
    (record,) = caplog.records
    assert record.getMessage() == (
        "plugin bad (ssoko-bad 0.9) is not loaded: import: ImportError: gone"
    )


def test_misspelled_hook_is_reported_with_a_suggestion():
    class Misspelt(Plugin):
        @hookimpl
        def instal_form(self):
            return Form

    problem = only_problem(Registry.load([source(Misspelt())]))
    assert problem.stage == "register"
    assert "instal_form" in problem.message
    assert "install_form" in problem.message


def test_unknown_argument_is_refused():
    class Nosy(Plugin):
        @hookimpl
        def service_provider(self, settings, database):
            return SP

    problem = only_problem(Registry.load([source(Nosy())]))
    assert problem.stage == "register"
    assert "database" in problem.message


def test_all_missing_required_hooks_are_reported():
    problem = only_problem(Registry.load([source(types.ModuleType("empty"))]))
    assert problem.stage == "register"
    for hook in ("integration", "install_form", "metadata_fields", "service_provider"):
        assert hook in problem.message


def test_wrapper_is_refused():
    class Wrapping(Plugin):
        @hookimpl(wrapper=True)
        def check_settings(self, settings):
            return (yield)

    problem = only_problem(Registry.load([source(Wrapping())]))
    assert problem.stage == "register"
    assert "wrapper" in problem.message


@pytest.mark.parametrize("slug", ["Zoom", "zoom us", "../zoom", "", "-zoom", "z" * 41])
def test_invalid_slug_is_refused(slug):
    assert "slug" in only_problem(Registry.load([source(Plugin(), slug)])).message


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"integration": None}, "integration: return Integration, not None"),
        ({"integration": {"name": "Zoom"}}, "not a value of type dict"),
        ({"integration": ValueError("no licence")}, "integration: ValueError: no licence"),
        ({"integration": SystemExit(1)}, "integration: SystemExit"),
        ({"install_form": Form()}, "return a Schema class"),
        ({"install_form": dict}, "return a Schema class"),
        ({"metadata_fields": [MetadataField(key="entity_id", label="x")]}, "a tuple of"),
        ({"metadata_fields": ("entity_id",)}, "a tuple of MetadataField"),
        ({"metadata_fields": (MetadataField(key="password", label="x"),)}, "'password'"),
        ({"default_role": "sso-zoom-role"}, "return DefaultRole"),
        ({"default_role": DefaultRole(name="everybody")}, "{name}"),
        ({"default_role": DefaultRole(name="{name.__class__}-{name}")}, "braces for {name} only"),
        ({"installation_guide": b"## Test"}, "return text"),
        ({"installation_guide": "  "}, "The guide is empty"),
        ({"installation_guide": "{{ secret_key }}"}, "secret_key"),
        ({"installation_guide": "{{ settings.api_key }}"}, "settings.api_key"),
        ({"integration": lambda: Integration(name="", summary="x")}, "Integration.name"),
        ({"integration": lambda: Integration(name="Zoom\n", summary="x")}, "use one line"),
        ({"integration": lambda: Integration(name=7, summary="x")}, "Integration.name: use text"),
        ({"integration": lambda: Integration(name="x", summary="x", opt_in=1)}, "true or false"),
        (
            {"integration": lambda: Integration(name="x", summary="x", certificates_accepted="2")},
            "one of 'one', 'many', 'metadata'",
        ),
        (
            {"integration": lambda: Integration(name="x", summary="x", certificate_import="a\nb")},
            "Integration.certificate_import: use one line",
        ),
        (
            {"integration": lambda: Integration(name="x", summary="x", aliases=["y"])},
            "Integration.aliases: use a tuple of texts, not a value of type list",
        ),
        (
            {"integration": lambda: Integration(name="x", summary="x", homepage="javascript:x")},
            "Integration.homepage",
        ),
        (
            {"integration": lambda: Integration(name="x", summary="x", logo="<svg onload='x'/>")},
            "Integration.logo",
        ),
    ],
)
def test_invalid_declaration_is_refused_with_the_fix(answers, words):
    assert words in refused(**answers)


def test_short_summary_is_accepted():
    plugin = Plugin(integration=Integration(name="Zoom", summary="Zoom."))
    assert not Registry.load([source(plugin)]).problems


def test_form_fields_can_have_the_names_of_ssoko_controls():
    class Same(Schema):
        name = fields.String()
        csrf_token = fields.String()
        metadata_file = fields.String()

    assert not Registry.load([source(Plugin(install_form=Same))]).problems


def test_form_that_cannot_be_created_is_refused():
    class Picky(Schema):
        def __init__(self, **kwargs):
            raise RuntimeError("no form today")

    assert "no form today" in refused(install_form=Picky)


def test_guide_can_show_settings():
    plugin = Plugin(installation_guide="{{ settings.acs_url }}")
    assert not Registry.load([source(plugin)]).problems


@pytest.mark.parametrize("api", ["2.0", "1.1", "0.9", "1", "latest", "1.0.0", "¹.0"])
def test_another_contract_version_is_refused(api):
    plugin = Plugin(integration=Integration(name="Zoom", summary="x", api=api))
    problem = only_problem(Registry.load([source(plugin)]))
    assert problem.stage == "describe"
    assert api in problem.message or "1.0" in problem.message


def test_unknown_hooks_of_a_newer_contract_are_explained():
    class Newer(Plugin):
        @hookimpl
        def acceptance_rules(self):
            return ()

    plugin = Newer(integration=Integration(name="Zoom", summary="x", api="1.7"))
    assert "install a newer Ssoko" in only_problem(Registry.load([source(plugin)])).message


def test_two_distributions_with_one_slug_are_both_quarantined():
    registry = Registry.load(
        [
            source(Plugin(), "aws", "ssoko-aws"),
            source(Plugin(), "aws", "evil-aws"),
            source(Plugin(), "zoom"),
        ]
    )
    assert list(registry.integrations) == ["zoom"]
    assert {p.distribution for p in registry.problems} == {"ssoko-aws", "evil-aws"}
    for problem in registry.problems:
        assert problem.stage == "duplicate"
        assert "ssoko-aws 1.2" in problem.message
        assert "evil-aws 1.2" in problem.message


def test_only_listed_plugins_are_loaded():
    sources = [source(Plugin(), "zoom"), source(Plugin(), "aws")]
    registry = Registry.load(sources, only=frozenset({"aws"}))
    assert list(registry.integrations) == ["aws"]
    assert registry.skipped == (("zoom", "not named in SSOKO_PLUGINS"),)


def test_disabled_plugin_is_not_imported():
    registry = Registry.load(
        [PluginSource("zoom", raising(ImportError()))], disabled=frozenset({"zoom"})
    )
    assert not registry.problems
    assert registry.skipped == (
        ("zoom", "named in SSOKO_DISABLED_PLUGINS, or in disabled_plugins of ssoko.toml"),
    )


def test_opt_in_plugin_is_skipped_unless_listed():
    plugin = Plugin(integration=Integration(name="Zoom", summary="x", opt_in=True))
    assert Registry.load([source(plugin)]).skipped[0][0] == "zoom"
    assert "zoom" in Registry.load([source(plugin)], opt_in=frozenset({"zoom"})).integrations


def test_one_object_with_two_slugs_is_two_integrations():
    plugin = Plugin()
    assert len(Registry.load([source(plugin, "a"), source(plugin, "b")]).integrations) == 2


# ---------------------------------------------------------------------------
# Calls
# ---------------------------------------------------------------------------


def call(plugin: object, hook: str, **kwargs: object) -> object:
    return Registry.load([source(plugin)]).call("zoom", hook, **kwargs)


def test_hook_is_called_only_on_its_plugin():
    class Greedy(Plugin):
        @hookimpl(specname="service_provider", tryfirst=True)
        def mine_for_everybody(self, settings, site):
            return replace(SP, entity_id="urn:evil")

    registry = Registry.load([source(Plugin()), source(Greedy(), "evil")])
    answer = registry.call("zoom", "service_provider", settings={}, site=SITE)
    assert answer.entity_id == "urn:zoom"


@pytest.mark.parametrize(
    "answer",
    [None, (), {"entity_id": "x"}, (x for x in "ab"), ServiceProvider, "urn:zoom"],
    ids=["None", "tuple", "dict", "generator", "class", "text"],
)
def test_value_of_the_wrong_type_is_a_failed_hook(answer):
    with pytest.raises(HookFailed, match="return ServiceProvider"):
        call(Plugin(service_provider=answer), "service_provider", settings={}, site=SITE)


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(1), GeneratorExit()])
def test_any_exception_of_a_hook_is_a_failed_hook(error):
    with pytest.raises(HookFailed) as caught:
        call(Plugin(service_provider=error), "service_provider", settings={}, site=SITE)
    assert (caught.value.slug, caught.value.hook) == ("zoom", "service_provider")
    assert type(error).__name__ in str(caught.value)
    assert "test_registry.py line" in str(caught.value)


def test_message_of_a_hooks_error_is_not_shown():
    plugin = Plugin(service_provider=ValueError("token abc123 is bad"))
    with pytest.raises(HookFailed) as caught:
        call(plugin, "service_provider", settings={}, site=SITE)
    assert "abc123" not in str(caught.value)


def test_error_names_the_value_of_the_wrong_type():
    plugin = Plugin(service_provider=lambda: replace(SP, acs_urls="https://zoom.test/acs"))
    with pytest.raises(HookFailed, match="ServiceProvider.acs_urls: use a tuple of texts"):
        call(plugin, "service_provider", settings={}, site=SITE)


def test_hook_of_a_plugin_that_is_not_loaded_fails():
    with pytest.raises(HookFailed, match="not loaded"):
        Registry().call("zoom", "service_provider", settings={}, site=SITE)


def test_hook_that_is_not_implemented_has_a_default():
    assert call(Plugin(), "check_settings", settings={}) == ()
    assert call(Plugin(), "attribute_mappings", settings={}) == ()
    assert call(Plugin(), "web_application", context=None) is None


def test_optional_hook_that_returns_none_fails():
    with pytest.raises(HookFailed, match="a tuple of Problem, not None"):
        call(WithOptionalHooks(check_settings=None), "check_settings", settings={})
    with pytest.raises(HookFailed, match="a WSGI application"):
        call(WithOptionalHooks(), "web_application", context=None)


def test_plugin_cannot_change_its_settings_argument():
    plugin = Plugin()
    settings = {"rows": [{"name": "email"}]}
    call(plugin, "service_provider", settings=settings, site=SITE)
    (seen,) = plugin.settings
    with pytest.raises(TypeError):
        seen["rows"] = []
    seen["rows"][0]["name"] = "changed"
    assert settings == {"rows": [{"name": "email"}]}


def test_invalid_values_of_a_hook_are_an_input_error_and_a_failed_hook():
    plugin = Plugin(service_provider=replace(SP, acs_urls=("javascript:alert(1)",), lifetime=5))
    for kind in (InputError, HookFailed, ProposalRefused):
        with pytest.raises(kind) as caught:
            call(plugin, "service_provider", settings={}, site=SITE)
    messages = caught.value.errors[""]
    assert ["acs_urls.0" in messages[0], "lifetime" in messages[1]] == [True, True]
    assert all(message.startswith("The plugin zoom proposes") for message in messages)


def test_a_refused_value_of_a_field_of_the_form_is_reported_there():
    class SameName(Schema):
        entity_id = fields.String(data_key="entityId")

    plugin = Plugin(install_form=SameName, service_provider=replace(SP, entity_id=""))
    with pytest.raises(ProposalRefused) as caught:
        call(plugin, "service_provider", settings={}, site=SITE)
    assert list(caught.value.errors) == ["entityId"]


def test_sign_in_hook_with_a_value_that_xml_does_not_allow_fails():
    plugin = WithOptionalHooks(saml_attributes=(SamlAttribute(name="team", values=("a\x00b",)),))
    with pytest.raises(HookFailed, match="control characters") as caught:
        call(plugin, "saml_attributes", settings={}, person=None, roles=())
    assert not isinstance(caught.value, InputError)


def test_installed_plugins_are_found_by_their_entry_points(tmp_path, monkeypatch):
    info = tmp_path / "ssoko_moose-3.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ssoko-moose\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text("[ssoko.integrations]\nmoose = ssoko_moose\n")
    (tmp_path / "ssoko_moose.py").write_text("raise RuntimeError('antlers')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ssoko_moose", raising=False)
    (found,) = [s for s in installed_sources() if s.slug == "moose"]
    assert (found.distribution, found.version) == ("ssoko-moose", "3.1")
    assert "antlers" in only_problem(Registry.load([found])).message


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("class Mute(Exception):\n def __str__(self): raise RuntimeError\nraise Mute", "Mute: "),
        ("raise ValueError('\\ud800')", "ValueError: "),
        ("raise ValueError('x' * 20_000_000)", "ValueError: x"),
        ("raise KeyError({}.get)", "KeyError: "),
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()",
            "thread",
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(int)",
            "thread",
        ),
        ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)", "signal Terminated"),
    ],
    ids=["mute", "surrogate", "huge", "odd", "thread", "pool", "signal"],
)
def test_what_an_import_does_to_the_process_is_undone_and_named(code, words, capsys):
    before = signal.getsignal(signal.SIGTERM)
    source = PluginSource("zoom", lambda: exec(f"print('hello')\n{code}", {}))  # noqa: S102
    (problem,) = Registry.load([source]).problems
    assert problem.stage == "import"
    assert words in problem.message
    assert len(problem.message) <= 500
    (problem.message + problem.traceback).encode()
    assert signal.getsignal(signal.SIGTERM) is before
    assert not [
        t for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()
    ]
    assert capsys.readouterr().out == ""


def distribution(name: str) -> PluginSource:
    return PluginSource("zoom", lambda: Plugin(), name, "1.0")


@pytest.mark.parametrize("name", ["ssoko-zoom", "SSOKO_Zoom"])
def test_a_distribution_can_be_chosen_for_a_slug(name):
    sources = [distribution("ssoko-zoom"), distribution("evil-zoom")]
    registry = Registry.load(sources, chosen={"zoom": name})
    assert not registry.problems
    assert registry.integrations["zoom"].distribution == "ssoko-zoom"


def test_a_slug_belongs_to_no_other_distribution_than_the_chosen_one():
    registry = Registry.load([distribution("evil-zoom")], chosen={"zoom": "ssoko-zoom"})
    (problem,) = registry.problems
    assert "chooses ssoko-zoom" in problem.message


def test_unmet_requirements_are_named_at_the_start(tmp_path, monkeypatch, caplog):
    info = tmp_path / "ssoko_needy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: ssoko-needy\nVersion: 1.0\nRequires-Dist: pluggy>=99\n"
        "Requires-Dist: no-such-thing\nRequires-Dist: marshmallow\n"
        "Requires-Dist: other; extra == 'more'\n"
    )
    (info / "entry_points.txt").write_text("[ssoko.integrations]\nneedy = ssoko_needy\n")
    (tmp_path / "ssoko_needy.py").write_text("import no_such_thing\n")
    monkeypatch.syspath_prepend(tmp_path)
    (source,) = [s for s in installed_sources() if s.slug == "needy"]
    (problem,) = Registry.load([source]).problems
    for words in (
        "It requires pluggy>=99, and ",
        "It requires no-such-thing, which is not installed",
    ):
        assert words in problem.message
        assert words in caplog.text
    assert "marshmallow" not in problem.message
    assert "other" not in problem.message
