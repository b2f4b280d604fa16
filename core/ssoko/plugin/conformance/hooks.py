"""Call any hook of a plugin with sample arguments, as Ssoko does."""

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from wsgiref.util import setup_testing_defaults

from werkzeug.test import Client

from ssoko.errors import SignInRefused
from ssoko.plugin.conformance.site import ConformanceSite
from ssoko.plugin.hookspecs import Hook
from ssoko.plugin.testing import sample_candidate
from ssoko.plugin.tools.rules.sample import sample_metadata, sample_person, sample_site
from ssoko.plugin.values import ServiceProvider, WebContext


def call_hook(site: ConformanceSite, hook: Hook, raw: Mapping[str, Any]) -> None:
    """Call a hook, and what it returns: the checks of acceptance rules, and the plugin's pages.

    A hook that refuses the sign-in of the sample user is accepted.

    :param raw: values of the install form.
    """
    registry = site.services.registry
    settings = registry.integrations[site.slug].form.load(raw)
    person = sample_person()
    here = sample_site(site.slug)
    provider = registry.call(site.slug, "service_provider", settings=settings, site=here)
    arguments = {
        "settings": settings,
        "site": here,
        "person": person,
        "roles": tuple(role.name for role in person.application_roles),
        "metadata": sample_metadata(provider),
        "from_version": "0.0",
        "context": WebContext(site=here, applications=tuple),
    }
    missing = set(hook.arguments) - arguments.keys()
    assert not missing, f"the conformance tests have no sample for {missing}"
    value: Any = None
    with contextlib.suppress(SignInRefused):
        value = registry.call(site.slug, hook.name, **{n: arguments[n] for n in hook.arguments})
    if then := _THEN.get(hook.name):
        then(provider, value)


def _check_rules(provider: ServiceProvider, rules: Any) -> None:
    candidate = sample_candidate(provider)
    for rule in rules:
        verdict = rule.check(candidate)
        assert verdict in (True, False, None), f"the rule {rule.id} returned {verdict!r}"


def _open_page(_: ServiceProvider, application: Any) -> None:
    if application is None:
        return
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    response = Client(application).get("/", environ_base=environ)
    assert response.status_code < 500, f"the plugin's page / returned {response.status}"


_THEN: Mapping[str, Callable[[ServiceProvider, Any], None]] = MappingProxyType(
    {"acceptance_rules": _check_rules, "web_application": _open_page}
)
