"""``ssoko plugin``: the tools of somebody who writes a plugin, in the order of their use."""

import sys
from pathlib import Path

import click

from ssoko.cli.output import Commands
from ssoko.plugin import scaffold
from ssoko.plugin.values import CATEGORIES


@click.group(cls=Commands)
def plugin() -> None:
    """Write a plugin: start it, check it, prove its wheel."""


@plugin.command("new")
@click.argument("slug")
@click.option("--title", default="", help="Name of the product, as its vendor writes it.")
@click.option("--vendor", default="", help="Name of the company; the title when left out.")
@click.option("--category", default="", help=f"One of {', '.join(CATEGORIES)}.")
@click.option("--defaults", is_flag=True, help="Ask nothing.")
def new(slug: str, title: str, vendor: str, category: str, defaults: bool) -> None:
    """Write a new plugin into ./ssoko-SLUG.

    SLUG is its name in addresses and in pip: small letters, digits, hyphens.
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
    click.echo(f"Made {project}:")
    for path in sorted(p for p in project.rglob("*") if p.is_file()):
        click.echo(f"  {path.relative_to(project)}")
    click.echo(f"\nNext: cd {project} && pip install -e . && ssoko plugin check")
