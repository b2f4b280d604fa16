"""Write a new plugin from the template: a complete distribution with placeholders."""

import re
from collections.abc import Iterator
from pathlib import Path

from ssoko.errors import InputError
from ssoko.plugin.values import CATEGORIES

#: The template is in this package in a wheel, and in ``plugins/_template`` in a checkout.
_FOLDERS = (
    Path(__file__).parents[1] / "template",
    Path(__file__).parents[4] / "plugins" / "_template",
)
_EXCLUDED = re.compile(r"__pycache__|\.egg-info$|^build$|^\.")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
#: Characters with a meaning in Python strings, Markdown or setup.cfg.
_FORBIDDEN = re.compile(r"[\"'\\`*_<>{}|\[\]#%]")


def template() -> Path:
    """Return the folder of the template."""
    return next(folder for folder in _FOLDERS if folder.is_dir())


def check_slug(slug: str) -> str:
    """Return a slug that is valid as the name of a package.

    :raises InputError: with a similar slug.
    """
    if not _SLUG.fullmatch(slug) or len(slug) > 40:
        near = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-0123456789")[:40].strip("-")
        hint = f", such as {near}" if near else ""
        raise InputError.of(
            "slug",
            f"{slug!r} is not a slug. Use up to 40 lowercase letters, digits and single hyphens, "
            f"starting with a letter{hint}",
        )
    return slug


def default_title(slug: str) -> str:
    """Return a name for a slug: ``Google Workspace`` for ``google-workspace``."""
    return " ".join(word.capitalize() for word in slug.split("-"))


def write_plugin(
    parent: Path, slug: str, *, title: str = "", vendor: str = "", category: str = "Other"
) -> Path:
    """Write ``ssoko-<slug>`` into a folder and return its path.

    :param title: name of the product as its vendor writes it; by default from the slug.
    :param vendor: name of the company; by default the title.
    :param category: one of :data:`CATEGORIES`.
    :raises InputError: for an invalid name, or if the folder exists.
    """
    check_slug(slug)
    title = _check_name("title", title or default_title(slug))
    vendor = _check_name("vendor", vendor or title)
    if category not in CATEGORIES:
        raise InputError.of("category", f"Use one of {', '.join(CATEGORIES)}")
    project = parent / f"ssoko-{slug}"
    if project.exists():
        raise InputError.of("slug", f"{project} already exists. Move it or choose another slug")
    package = slug.replace("-", "_")
    words = {"acme": slug, "ssoko_acme": f"ssoko_{package}", "test_acme": f"test_{package}"}
    words |= {"Acme": title, 'vendor="Acme"': f'vendor="{vendor}"'}
    words |= {'category="Other"': f'category="{category}"'}
    # One pass, longest first: a title that contains one of the words is not replaced again.
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    for path, name in _files(template()):
        target = project / name.replace("acme", package)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8")
        target.write_text(pattern.sub(lambda match: words[match[0]], text), "utf-8")
    return project


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(map(_EXCLUDED.search, name.parts)):
            yield path, name.as_posix()


def _check_name(field: str, name: str) -> str:
    name = name.strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise InputError.of(field, "Enter one line of at most 60 characters")
    if match := _FORBIDDEN.search(name):
        raise InputError.of(field, f"Remove the character {match[0]}")
    return name
