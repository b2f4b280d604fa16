"""For the tests of a plugin: load it as Ssoko does, and check the rules for every plugin.

::

    from ssoko.plugin.testing import assert_integration, load_integration

    def test_plugin_follows_the_rules():
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

#: Slug of a plugin that is no package ``ssoko_<slug>``.
SLUG = "tested"
SITE = Site(base_url="https://sso.example.org", plugin_url="https://sso.example.org/plugins/tested")


class LoadedPlugin:
    """One plugin in its own registry.

    Deprecated hooks and arguments raise a ``DeprecationWarning``.

    :raises PluginInvalid: when it cannot be loaded, with the reason.
    """

    def __init__(self, plugin: object) -> None:
        _, is_named, name = str(getattr(plugin, "__package__", "")).partition("ssoko_")
        self.slug = name.replace("_", "-") if is_named else SLUG
        self.registry = Registry.load(
            [PluginSource(self.slug, lambda: plugin)], opt_in=frozenset({self.slug})
        )
        for problem in self.registry.problems:
            raise PluginInvalid(problem.stage, problem.message)
        self.entry = self.registry.integrations[self.slug]
        deprecations.warn(self.entry.deprecated)

    def load(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the install form's values as the schema loads them."""
        return self.entry.form.deserialize(raw)

    def call(self, hook: str, raw: Mapping[str, Any], **kwargs: Any) -> Any:
        """Call a hook with the install form's values."""
        return self.registry.call(self.slug, hook, settings=self.load(raw), **kwargs)

    def service_provider(self, raw: Mapping[str, Any], site: Site = SITE) -> ServiceProvider:
        """Return the service provider that the plugin proposes."""
        provider: ServiceProvider = self.call("service_provider", raw, site=site)
        return provider

    def from_metadata(
        self, metadata: VendorMetadata, raw: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the values that ``settings_from_metadata`` reads from the vendor's metadata.

        :param raw: the recorded settings; by default none, as before the install.
        """
        settings = self.load(raw) if raw else {}
        values: dict[str, Any] = self.registry.call(
            self.slug, "settings_from_metadata", metadata=metadata, settings=settings
        )
        unknown = set(values) - set(self.entry.form.fields)
        assert not unknown, f"the install form has no field {unknown}"  # noqa: S101
        return values

    def problems(self, raw: Mapping[str, Any], level: str = "error") -> dict[str, str]:
        """Return the messages of ``check_settings``, by field."""
        problems: tuple[Problem, ...] = self.call("check_settings", raw)
        return {problem.field: problem.message for problem in problems if problem.level == level}

    def candidate(self, raw: Mapping[str, Any], **changes: Any) -> Candidate:
        """Return the SAML response that a user would get, for acceptance rules.

        :param changes: other values for fields of :class:`Candidate`.
        """
        return sample_candidate(self.service_provider(raw), **changes)

    def verdicts(self, raw: Mapping[str, Any], **changes: Any) -> dict[str, bool | None]:
        """Return the result of each acceptance rule for :meth:`candidate`, by its ID."""
        rules = self.registry.call(self.slug, "acceptance_rules")
        candidate = self.candidate(raw, **changes)
        return {rule.id: rule.check(candidate) for rule in rules}


def sample_candidate(sp: ServiceProvider, **changes: Any) -> Candidate:
    """Return the SAML response that a user would get from a service provider's record.

    :param changes: other values for fields of :class:`Candidate`.
    """
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


def assert_integration(plugin: object, settings: Mapping[str, Any]) -> LoadedPlugin:
    """Check a plugin against the rules, and return it loaded.

    :param plugin: the object of the entry point: the module or object with the hooks.
    :param settings: valid values of the install form.
    """
    loaded = LoadedPlugin(plugin)
    for name, field in loaded.entry.form.fields.items():
        assert field.metadata.get("label"), f"add a label to the field {name}"  # noqa: S101
        assert field.metadata.get("help"), f"add a help text to the field {name}"  # noqa: S101
    first, second = loaded.service_provider(settings), loaded.service_provider(settings)
    assert first == second, "service_provider must return the same for the same settings"  # noqa: S101
    assert not loaded.problems(settings), loaded.problems(settings)  # noqa: S101
    loaded.call("attribute_mappings", settings)
    broken = [rule for rule, result in loaded.verdicts(settings).items() if result is False]
    assert not broken, f"the usual SAML response does not pass the rules {broken}"  # noqa: S101
    return loaded
