"""For the tests of a plugin: load it as Ssoko does, and hold it against what every plugin must do.

::

    from ssoko.plugin.testing import assert_integration, load_integration

    def test_it_keeps_the_rules():
        assert_integration(ssoko_zoom, {"account": "acme"})
"""

from collections.abc import Mapping
from typing import Any

from ssoko.errors import PluginInvalid
from ssoko.plugin.acceptance import Candidate
from ssoko.plugin.host import deprecations
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.plugin.values import Problem, ServiceProvider, Site
from ssoko.plugin.vendor import VendorMetadata

SLUG = "tested"
SITE = Site(base_url="https://sso.example.org", plugin_url="https://sso.example.org/plugins/tested")


class LoadedPlugin:
    """One plugin in a registry of its own.

    What it does that is deprecated is given as a ``DeprecationWarning``.

    :raises PluginInvalid: when it cannot be loaded, with the reason.
    """

    def __init__(self, plugin: object) -> None:
        self.registry = Registry.load(
            [PluginSource(SLUG, lambda: plugin)], opt_in=frozenset({SLUG})
        )
        for problem in self.registry.problems:
            raise PluginInvalid(problem.stage, problem.message)
        self.entry = self.registry.integrations[SLUG]
        deprecations.warn(self.entry.deprecated)

    def load(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the install form's values as the schema loads them."""
        loaded: dict[str, Any] = self.entry.form().load(dict(raw))
        return loaded

    def call(self, hook: str, raw: Mapping[str, Any], **kwargs: Any) -> Any:
        """Call a hook with the install form's values."""
        return self.registry.call(SLUG, hook, settings=self.load(raw), **kwargs)

    def service_provider(self, raw: Mapping[str, Any], site: Site = SITE) -> ServiceProvider:
        """Return the service provider that the plugin proposes."""
        provider: ServiceProvider = self.call("service_provider", raw, site=site)
        return provider

    def from_metadata(
        self, metadata: VendorMetadata, raw: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what ``settings_from_metadata`` makes of the vendor's metadata.

        :param raw: what is recorded; by default nothing, as before the install.
        """
        settings = self.load(raw) if raw else {}
        found: dict[str, Any] = self.registry.call(
            SLUG, "settings_from_metadata", metadata=metadata, settings=settings
        )
        unknown = set(found) - set(self.entry.form().fields)
        assert not unknown, f"the install form has no field {unknown}"  # noqa: S101
        return found

    def problems(self, raw: Mapping[str, Any], level: str = "error") -> dict[str, str]:
        """Return what ``check_settings`` says, by field."""
        found: tuple[Problem, ...] = self.call("check_settings", raw)
        return {problem.field: problem.message for problem in found if problem.level == level}

    def candidate(self, raw: Mapping[str, Any], **changes: Any) -> Candidate:
        """Return the answer that somebody would get, for the checks of acceptance rules.

        :param changes: fields of :class:`Candidate` to have another value.
        """
        sp = self.service_provider(raw)
        return Candidate(
            **{
                "entity_id": sp.entity_id,
                "acs_url": sp.acs_urls[0],
                "name_id": "amina@example.org",
                "name_id_format": str(sp.name_id_format),
                "name_id_formats": (str(sp.name_id_format),),
                "sign_response": sp.sign_response,
                "sign_assertion": sp.sign_assertion,
                "encrypted": sp.encrypt_assertions,
                "require_signed_requests": sp.require_signed_requests,
                "signature_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "certificate": "c" * 1300,
                "metadata_size": 4000,
                "lifetime": sp.lifetime,
                "session_lifetime": sp.session_lifetime,
                "relay_state": sp.relay_state,
                **changes,
            }
        )

    def verdicts(self, raw: Mapping[str, Any], **changes: Any) -> dict[str, bool | None]:
        """Return what each acceptance rule says of :meth:`candidate`, by its id."""
        rules = self.registry.call(SLUG, "acceptance_rules")
        candidate = self.candidate(raw, **changes)
        return {rule.id: rule.check(candidate) for rule in rules}


def assert_integration(plugin: object, settings: Mapping[str, Any]) -> LoadedPlugin:
    """Hold a plugin against the rules that a machine can check, and return it loaded.

    :param plugin: what the entry point names: the module or object with the hooks.
    :param settings: answers to the install form that are good.
    """
    loaded = LoadedPlugin(plugin)
    for name, field in loaded.entry.form().fields.items():
        assert field.metadata.get("label"), f"give the field {name} a label"  # noqa: S101
        assert field.metadata.get("help"), f"give the field {name} a help"  # noqa: S101
    once, twice = loaded.service_provider(settings), loaded.service_provider(settings)
    assert once == twice, "service_provider must answer the same for the same settings"  # noqa: S101
    assert not loaded.problems(settings), loaded.problems(settings)  # noqa: S101
    loaded.call("attribute_mappings", settings)
    broken = [rule for rule, verdict in loaded.verdicts(settings).items() if verdict is False]
    assert not broken, f"the usual answer breaks {broken}"  # noqa: S101
    return loaded
