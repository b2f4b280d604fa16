"""A small plugin with one fault at a time: what a hook, the form or the import does wrong."""

import itertools

PLUGIN = '''
import sys
from marshmallow import Schema, ValidationError, fields, validates
from ssoko.errors import InputError, SignInRefused
from ssoko.plugin import (
    DefaultRole, Integration, Mapping, MetadataField, Problem, SamlAttribute, ServiceProvider,
    acceptance, hookimpl
)
from ssoko.plugin.acceptance import AcceptanceRule

ON = {{"fault": False}}

class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")
    __repr__ = __str__

class Loud(str):
    def __str__(self):
        raise RuntimeError("no words")
    __html__ = __format__ = encode = __str__

def fail(where, value):
    """Do the fault in one place once the plugin is loaded; otherwise return the value."""
    print("the plugin prints in", where)
    if not ON["fault"] or where != {where!r}:
        return value
    {fault}
    return value

class Form(Schema):
    acs_url = fields.String(
        required=True,
        metadata={{"label": "ACS URL", "help": "Where to", "placeholder": "https://sp.test/acs"}},
    )
    note = fields.String(load_default=lambda: fail("default", ""))

    def __init__(self, *args, **kwargs):
        fail("form", None)
        super().__init__(*args, **kwargs)

    @validates("acs_url")
    def check(self, value, **kwargs):
        fail("validator", None)

@hookimpl
def integration():
    return Integration(name="Faulty", summary="Has one fault on purpose, and no other")

@hookimpl
def install_form():
    return Form

@hookimpl
def metadata_fields():
    return (MetadataField(key="entity_id", label="Entity ID"),)

@hookimpl
def installation_guide():
    return "## Test\\n\\n1. Go. {{{{ done: role }}}}"

@hookimpl
def service_provider(settings):
    url = settings["acs_url"]
    return fail("service_provider", ServiceProvider(entity_id=url, acs_urls=(url,)))

@hookimpl
def attribute_mappings(settings):
    return fail("attribute_mappings", (Mapping(name="mail", source="user.email"),))

@hookimpl
def check_settings(settings):
    return fail("check_settings", ())

@hookimpl
def settings_from_metadata(metadata, settings):
    return fail("settings_from_metadata", {{"acs_url": metadata.acs_urls[0]}})

@hookimpl
def saml_attributes(settings, person, roles):
    return fail("saml_attributes", ())

def rule(candidate):
    return fail("rule", True)

@hookimpl
def acceptance_rules():
    return fail(
        "acceptance_rules",
        (AcceptanceRule(id="one", sentence="One thing is right", check=rule, fix="Fix it"),),
    )

@hookimpl
def web_application(context):
    def pages(environ, start_response):
        fail("pages", None)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<h1>Fine</h1>"]
    return fail("web_application", pages)
'''

#: Faults of code that runs anywhere.
RAISES = {
    "an error": 'raise ValueError("a secret: hunter2")',
    "an error whose text raises": "raise Mute",
    "an error with a lone surrogate": 'raise ValueError("\\ud800")',
    "an error of 20 MB": 'raise ValueError("x" * 20_000_000)',
    "an exit": "sys.exit(3)",
    "an error of Ssoko": 'raise InputError({"": ["\\ud800"]})',
    "a validation error of anything": 'raise ValidationError({"a": {"b": Mute()}})',
    "a refused sign-in with any text": "raise SignInRefused(Mute(), fix=Mute())",
    "endless recursion": "fail(where, value)",
}
#: Faults of a returned value, by the hook.
RETURNS = {
    "service_provider": [
        'return ServiceProvider(entity_id="\\ud800", acs_urls=("https://sp.test/acs",))',
        'return ServiceProvider(entity_id="x" * 20_000_000, acs_urls=("https://sp.test/acs",))',
        'return ServiceProvider(entity_id=Loud("urn:x"), acs_urls=("https://sp.test/acs",))',
    ],
    "attribute_mappings": [
        'return (Mapping(name="\\ud800", source="user.email"),)',
        'return (Mapping(name="mail", source="constant:" + "x" * 20_000_000),)',
        'return (Mapping(name="mail", source="user.email", label="\\ud800"),)',
    ],
    "check_settings": [
        'return (Problem("acs_url", "\\ud800", "warning"),)',
        'return (Problem("acs_url", "x" * 20_000_000, "warning"),)',
        'return (Problem("\\ud800", "there", "error"),)',
        'return (Problem("acs_url", Loud("there"), "error"),)',
        'return tuple(Problem("acs_url", "much " * 100) for _ in range(10_000))',
    ],
    "settings_from_metadata": [
        'return {"acs_url": "\\ud800"}',
        'return {"acs_url": object()}',
        'return {"acs_url": "x" * 20_000_000}',
        'loop = {}; loop["acs_url"] = loop; return loop',
        "return {Loud('acs_url'): 1}",
    ],
    "saml_attributes": [
        'return (SamlAttribute(name="a", values=("x" * 20_000_000,)),)',
        'return (SamlAttribute(name="a", values=("\\ud800",)),)',
        'return (SamlAttribute(name=Loud("a"), values=("x",)),)',
    ],
    "acceptance_rules": [
        'return (AcceptanceRule(id="one", sentence="\\ud800", check=rule, fix=""),)',
        'return (AcceptanceRule(id="one", sentence="One", check=rule, fix="x" * 20_000_000),)',
    ],
    "rule": ["return Mute()", "return NotImplemented", 'return "\\ud800"'],
    "default": ["return object()", 'return "\\ud800"', "return Loud('x')"],
    "web_application": ["return None", "return lambda environ: 1 / 0"],
}
RAISERS = [*RETURNS, "form", "validator", "pages"]

#: Pairs of a place and a fault there.
COMBINATIONS = [
    *itertools.product(RAISERS, RAISES.values()),
    *((where, fault) for where, faults in RETURNS.items() for fault in faults),
]


def code(where: str, fault: str) -> str:
    """Return the plugin with one fault, which is on once ``ON`` says so."""
    return PLUGIN.format(where=where, fault=fault)
