"""Write a new plugin from the template: a whole distribution, ready to be filled in."""

import re
from collections.abc import Iterator
from pathlib import Path

from ssoko.errors import InputError
from ssoko.plugin.values import CATEGORIES

#: In the wheel the template lies beside this module, in a checkout in ``plugins/_template``.
_PLACES = (
    Path(__file__).parents[1] / "template",
    Path(__file__).parents[4] / "plugins" / "_template",
)
_LEFT_OUT = re.compile(r"__pycache__|\.egg-info$|^build$|^\.")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
#: What would end a string of Python, a Markdown emphasis or a line of setup.cfg.
_UNFIT = re.compile(r"[\"'\\`*_<>{}|\[\]#%]")


def template() -> Path:
    """Return the folder of the template."""
    return next(place for place in _PLACES if place.is_dir())


def check_slug(slug: str) -> str:
    """Return a slug that a package can be named after.

    :raises InputError: saying what to write instead.
    """
    if not _SLUG.fullmatch(slug) or len(slug) > 40:
        near = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-0123456789")[:40].strip("-")
        hint = f", such as {near}" if near else ""
        raise InputError.of(
            "slug",
            f"{slug!r} is no slug: use small letters, digits and single hyphens, a letter first, "
            f"at most 40{hint}",
        )
    return slug


def default_title(slug: str) -> str:
    """Return a name made of a slug: ``Google Workspace`` for ``google-workspace``."""
    return " ".join(word.capitalize() for word in slug.split("-"))


def write_plugin(
    parent: Path, slug: str, *, title: str = "", vendor: str = "", category: str = "Other"
) -> Path:
    """Write ``ssoko-<slug>`` into a folder and return its path.

    :param title: name of the product as its vendor writes it; by default made of the slug.
    :param vendor: name of the company; by default the title.
    :param category: one of :data:`CATEGORIES`.
    :raises InputError: for a name that cannot be used, or when the folder is there already.
    """
    check_slug(slug)
    title = _check_name("title", title or default_title(slug))
    vendor = _check_name("vendor", vendor or title)
    if category not in CATEGORIES:
        raise InputError.of("category", f"Use one of {', '.join(CATEGORIES)}")
    project = parent / f"ssoko-{slug}"
    if project.exists():
        raise InputError.of("slug", f"{project} is there already; move it away or choose another")
    package = slug.replace("-", "_")
    words = {"acme": slug, "ssoko_acme": f"ssoko_{package}", "test_acme": f"test_{package}"}
    words |= {"Acme": title, 'vendor="Acme"': f'vendor="{vendor}"'}
    words |= {'category="Other"': f'category="{category}"'}
    # One pass, longest first: a title that holds one of the words is not replaced again.
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    for path, name in _files(template()):
        target = project / name.replace("acme", package)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8")
        target.write_text(pattern.sub(lambda found: words[found[0]], text), "utf-8")
    return project


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(map(_LEFT_OUT.search, name.parts)):
            yield path, name.as_posix()


def _check_name(field: str, name: str) -> str:
    name = name.strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise InputError.of(field, "Give one line of at most 60 characters")
    if found := _UNFIT.search(name):
        raise InputError.of(field, f"Leave out the character {found[0]}")
    return name
