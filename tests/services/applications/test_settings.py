"""Settings of applications: which of them are shown."""

import ssoko_custom_saml
from marshmallow import Schema, fields
from ssoko.plugin.host.registry import LoadedIntegration, PluginSource, Registry
from ssoko.services.applications.settings import public_now

STORED = {"url": "https://w.test", "key": "plain", "gone": "x", "sealed": {"$encrypted": "abc"}}


class PublicForm(Schema):
    url = fields.String()
    key = fields.String()
    sealed = fields.String()


class SecretForm(PublicForm):
    key = fields.String(metadata={"secret": True})


class BrokenForm(PublicForm):
    def __init__(self, **options: object) -> None:
        raise RuntimeError


def loaded(form: type[Schema]) -> LoadedIntegration:
    source = PluginSource("custom-saml", lambda: ssoko_custom_saml, "ssoko-custom-saml", "0.1.0")
    integration = Registry.load([source]).get("custom-saml")
    assert integration is not None
    values = {name: getattr(integration, name) for name in integration.__slots__}
    return LoadedIntegration(**values | {"form": form})


def test_shown_settings_are_those_of_the_form_without_encrypted_ones() -> None:
    assert public_now(loaded(PublicForm), STORED) == {"url": "https://w.test", "key": "plain"}


def test_setting_that_a_newer_form_marks_as_secret_is_not_shown() -> None:
    assert public_now(loaded(SecretForm), STORED) == {"url": "https://w.test"}


def test_without_a_plugin_no_setting_is_shown() -> None:
    assert public_now(None, STORED) == {}


def test_form_that_fails_shows_no_setting() -> None:
    assert public_now(loaded(BrokenForm), STORED) == {}
