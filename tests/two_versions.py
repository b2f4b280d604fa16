"""Versions of one small plugin, to be loaded in this process or written to a folder to import.

0.1 is what gets installed. 0.2 changes something in every part, and would sign less. 0.3 proposes
what 0.2 does and asks for a field more. 0.4 raises. 0.5 proposes what 0.1 does.
"""

import sys
import types
from pathlib import Path

from ssoko.plugin.host.registry import PluginSource

SETTINGS = {"entity_id": "urn:example:notes", "acs_url": "https://notes.example/saml/acs"}

_SOURCE = '''"""Notes {version}."""

from marshmallow import Schema, fields
from ssoko.plugin import DefaultRole, Integration, Mapping, MetadataField, ServiceProvider, hookimpl

VERSION = "{version}"
NEW = VERSION in ("0.2", "0.3")


class Form(Schema):
    """What is asked for."""

    entity_id = fields.String(
        required=True,
        metadata={{"label": "Entity ID", "help": "Of Notes.", "placeholder": "urn:notes"}},
    )
    acs_url = fields.Url(
        required=True,
        metadata={{"label": "ACS URL", "help": "Of Notes.", "placeholder": "https://n.test/acs"}},
    )
    api_key = fields.String(load_default="", metadata={{"label": "API key", "secret": True}})
    if VERSION in ("0.1", "0.5"):
        team = fields.String(load_default="", metadata={{"label": "Team"}})
    if VERSION == "0.3":
        region = fields.String(required=True, metadata={{"label": "Region"}})


@hookimpl
def integration():
    return Integration(
        name="Notes",
        summary="Keep the notes of a team in one place",
        vendor="Notes Inc" if NEW else "Notes",
    )


@hookimpl
def install_form():
    return Form


@hookimpl
def metadata_fields():
    into = "IdP entity ID" if NEW else "Issuer"
    return (MetadataField(key="entity_id", label="Entity ID", paste_into=into),)


@hookimpl
def default_role():
    if NEW:
        more = "Opens {{name}} for its people"
        return DefaultRole(name="notes-{{name}}-people", description=more)
    return DefaultRole(name="sso-notes-{{name}}-role", description="Opens {{name}}")


@hookimpl
def installation_guide():
    menu = "Admin > Security > SSO" if NEW else "Settings > SSO"
    return f"""## In Notes

1. Open **{{menu}}**.
2. Paste the Entity ID: {{{{{{{{ entity_id }}}}}}}}
3. Save.

## Remove

1. Turn SSO off.
"""


@hookimpl
def service_provider(settings):
    if VERSION == "0.4":
        raise RuntimeError("this version is broken")
    return ServiceProvider(
        entity_id=settings["entity_id"],
        acs_urls=(settings["acs_url"],),
        lifetime=120 if NEW else 300,
        sign_response=not NEW,
    )


@hookimpl
def attribute_mappings():
    if NEW:
        return (
            Mapping(name="mail", source="user.email|upper"),
            Mapping(name="given", source="user.first_name"),
        )
    return (
        Mapping(name="mail", source="user.email"),
        Mapping(name="sn", source="user.last_name"),
    )
'''


def source(version: str) -> PluginSource:
    """Return one version, to be loaded in this process."""

    def load() -> object:
        module = types.ModuleType(f"notes_{version.replace('.', '_')}")
        sys.modules[module.__name__] = module
        exec(compile(_SOURCE.format(version=version), module.__name__, "exec"), module.__dict__)  # noqa: S102
        return module

    return PluginSource("notes", load, "ssoko-notes", version)


def write(folder: Path, version: str) -> None:
    """Write one version to a folder as pip would leave it, in the place of any other."""
    remove(folder)
    package = folder / "ssoko_notes"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(_SOURCE.format(version=version), "utf-8")
    about = folder / f"ssoko_notes-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: ssoko-notes\nVersion: {version}\n", "utf-8"
    )
    (about / "entry_points.txt").write_text("[ssoko.integrations]\nnotes = ssoko_notes\n", "utf-8")


def remove(folder: Path) -> None:
    """Take away whatever version is there."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
