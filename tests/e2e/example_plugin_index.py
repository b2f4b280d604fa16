"""A plugin index that lists plugins which the test server does not have.

It has a vendor with three products, a newer version of Zoom, and a plugin for a future Ssoko.
"""

import hashlib

from ssoko.plugin import Integration
from ssoko.plugin.host.index import IndexEntry, write_index

_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<path d="M12 3 22 20H2z" fill="#3b7d5a"/></svg>'
)
_SUMMARIES = {
    "Kilele Boards": "Plan the work of a team on shared boards",
    "Kilele Docs": "Write together, and read without an account of your own",
    "Kilele Meet": "Join the rooms of your company with one click",
}


def example_index() -> bytes:
    """Return the index file as bytes."""
    kilele = [
        _entry(
            Integration(
                name=name,
                summary=summary,
                description=f"{name} creates an account when a user signs in for the first time.",
                vendor="Kilele",
                category="Collaboration",
                publisher="Kilele Labs",
                homepage="https://kilele.example/sso",
                logo=_LOGO,
                requirements=("A plan that has single sign-on",),
                tested_with="0.1",
            )
        )
        for name, summary in _SUMMARIES.items()
    ]
    zoom = Integration(name="Zoom", summary="Meetings and webinars", vendor="Zoom")
    payroll = Integration(
        name="Pwani Payroll",
        summary="Look at payslips without another password",
        category="Finance",
        publisher="N. Kileo",
        tested_with="0.9",
    )
    newer = _entry(zoom, version="0.2.0")
    return write_index([*kilele, newer, _entry(payroll, requires_core=">=0.9,<1.0")])


def _entry(
    about: Integration, *, version: str = "1.4.0", requires_core: str = ">=0.1,<0.2"
) -> IndexEntry:
    slug = about.name.lower().replace(" ", "-")
    return IndexEntry(
        slug=slug,
        distribution=f"ssoko-{slug}",
        version=version,
        about=about,
        requires_core=requires_core,
        sha256=hashlib.sha256(slug.encode()).hexdigest(),
        tier="silver",
    )
