"""``ssoko plugin``: commands for plugin authors, in the order of use."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ssoko.cli.output import Commands
from ssoko.errors import InputError
from ssoko.plugin.tools import scaffold
from ssoko.plugin.values import CATEGORIES


@click.group(cls=Commands)
def plugin() -> None:
    """Create, check and verify a plugin."""


@plugin.command("new")
@click.argument("slug")
@click.option("--title", default="", help="Name of the product, as its vendor writes it.")
@click.option("--vendor", default="", help="Name of the company. Default: the title.")
@click.option("--category", default="", help=f"One of {', '.join(CATEGORIES)}.")
@click.option("--defaults", is_flag=True, help="Use default values instead of prompting.")
def new(slug: str, title: str, vendor: str, category: str, defaults: bool) -> None:
    """Create a plugin in ./ssoko-SLUG.

    SLUG is its name in URLs and in pip: lowercase letters, digits, hyphens.
    """
    scaffold.check_slug(slug)
    if not defaults and sys.stdin.isatty():
        title = title or click.prompt("Name of the product", default=scaffold.default_title(slug))
        vendor = vendor or click.prompt("Company behind it", default=title)
        category = category or click.prompt(
            "Category", default="Other", type=click.Choice(CATEGORIES, case_sensitive=False)
        )
    project = scaffold.write_plugin(
        Path(), slug, title=title, vendor=vendor, category=category or "Other"
    )
    click.echo(f"Created {project}:")
    for path in sorted(p for p in project.rglob("*") if p.is_file()):
        click.echo(f"  {path.relative_to(project)}")
    click.echo(f"\nNext: cd {project} && pip install -e . && ssoko dev")


def read_settings(path: Path | None) -> Mapping[str, Any] | None:
    """Read the values of an install form from a JSON file.

    :raises InputError: when the file does not contain a JSON object.
    """
    if path is None:
        return None
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError.of("--settings", f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(settings, dict):
        raise InputError.of(
            "--settings", f"{path} must contain a JSON object with a value for each field"
        )
    return settings


settings_option = click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file with values for the install form. Default: its placeholders.",
)


@plugin.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="Output format; github prints annotations for GitHub Actions.",
)
@click.option(
    "--at-least",
    type=click.Choice(["bronze", "silver", "gold"]),
    default="bronze",
    show_default=True,
    help="Exit with 1 if the plugin does not reach this tier.",
)
@settings_option
def check(path: Path, form: str, at_least: Any, settings: Path | None) -> None:
    """Check a plugin against the rules. PATH is its project folder or its wheel.

    Runs the plugin's code, as Ssoko does. Exits with 1 if a rule of the required tier fails.
    """
    from ssoko.cli.authors import report as authors_report
    from ssoko.plugin.tools import rules

    reports = rules.check(path, read_settings(settings))
    click.echo(authors_report.FORMATS[form](reports, at_least))
    if any(report.short_of(at_least) for report in reports):
        sys.exit(1)


@plugin.command("explain")
@click.argument("rule")
def explain(rule: str) -> None:
    """Explain a rule: why it exists and how to fix its findings. RULE is its ID."""
    from ssoko.plugin.tools.rules import RULES

    entry = RULES.get(rule.upper())
    if entry is None:
        raise InputError.of("rule", f"There is no rule {rule}. `ssoko plugin rules` lists them.")
    click.echo(f"{entry.id} ({entry.tier}): {entry.title}\n\nWhy: {entry.why}\nFix: {entry.fix}")


@plugin.command("rules")
def list_rules() -> None:
    """List the rules by tier."""
    from ssoko.plugin.tools.rules import RULES
    from ssoko.plugin.tools.rules.rule import TIERS

    for tier in TIERS:
        click.echo(tier.capitalize())
        for rule in RULES.values():
            if rule.tier == tier:
                click.echo(f"  {rule.id}  {rule.title}")


@plugin.command("verify")
@click.argument("wheels", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--core", default="", help="Requirement or path that pip installs as Ssoko. Default: this one."
)
@settings_option
def verify(wheels: tuple[Path, ...], core: str, settings: Path | None) -> None:
    """Verify wheels before you publish them.

    Installs each wheel in a new virtual environment, checks its rules and runs the conformance
    tests there. pip downloads the requirements from its configured package index.
    """
    from ssoko.cli.authors.verify import verify_wheel

    for wheel in wheels:
        verify_wheel(wheel, core=core, settings=settings)
        click.echo(f"\n{wheel.name} is ready to publish. Next: twine upload {wheel}")
