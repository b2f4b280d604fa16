"""Installation guides: the plugin's Markdown with this application's own values in place."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from markdown_it.token import Token

from ssoko.plugin.guide import GUIDE_VALUES, SETTINGS_PREFIX, check_guide
from ssoko.services.markdown import Document, title

if TYPE_CHECKING:
    from ssoko.services.applications import ApplicationView

#: Where the pages are that every guide ends with.
DETAILS_PAGE = "/docs/applications#application-details"
EXECUTION_PAGE = "/docs/applications#application-execution"


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a section.

    :param number: as the guide counts, from the first section to the last.
    """

    number: int
    html: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading of the second level.

    :param id: of the heading, unique in the page; empty for what comes before the first.
    :param html: without the heading.
    """

    id: str
    title: str
    html: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide, whole and in sections; safe to put into a page."""

    sections: tuple[Section, ...]
    html: str


def render_guide(markdown: str, values: Mapping[str, str]) -> Guide:
    """Draw a guide.

    A value alone in a paragraph, and a fenced block marked ``copy``, become a field to copy from.
    Without its value a name is shown as what it stands for, such as ``‹Login Endpoint›``, with
    nothing to copy; a link to it is plain text.

    :param values: see :func:`guide_values`; any text, none of it is read as Markdown or HTML.
    """
    document = Document(markdown, values)
    sections, current = [], 0
    for token in document.tokens:
        current += token.type == "heading_open" and token.tag == "h2"
        sections.append((current, token))
    return Guide(
        sections=tuple(
            _section(document, [token for _, token in part])
            for _, part in groupby(sections, key=lambda pair: pair[0])
        ),
        html=document.draw(document.tokens),
    )


def render_markdown(text: str) -> str:
    """Draw a text of a plugin that has no values, such as its description."""
    document = Document(text, prefix="")
    return document.draw(document.tokens)


def guide_values(application: "ApplicationView | None") -> dict[str, str]:
    """Return the values of one application, by the names of ``GUIDE_VALUES``.

    Before there is one, only the addresses of the general pages are known.
    """
    values = {
        "application_details_url": DETAILS_PAGE,
        "application_execution_url": EXECUTION_PAGE,
    }
    if application is None:
        return values
    issuer = application.issuer
    workspace_url = application.launch_url.rsplit("/launch/", 1)[0]
    application_url = f"{workspace_url}/applications/{application.slug}"
    return {
        **values,
        "application_name": application.name,
        "default_role": application.default_role.name if application.default_role else "",
        "login_endpoint": issuer.login_endpoint,
        "logout_endpoint": issuer.logout_endpoint,
        "entity_id": issuer.entity_id,
        "metadata_url": issuer.metadata_url,
        "metadata_file_url": f"{application_url}/metadata.xml",
        "certificate": issuer.certificate,
        "certificate_file_url": f"{application_url}/certificate.pem",
        "certificate_sha256": issuer.certificate_sha256,
        "launch_url": application.launch_url,
        "application_url": application_url,
        "marketplace_url": f"{workspace_url}/marketplace",
        "applications_url": f"{workspace_url}/applications",
        "users_url": f"{workspace_url}/users",
        "dashboard_url": f"{workspace_url}/dashboard",
        **{SETTINGS_PREFIX + name: _as_text(value) for name, value in application.settings.items()},
    }


def _as_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(map(_as_text, value))
    return value if isinstance(value, str) else ""


def _section(document: Document, tokens: list[Token]) -> Section:
    heading, name = "", ""
    if tokens[0].type == "heading_open":
        heading, name = title(tokens[1]), str(tokens[0].attrs["id"])
        tokens = tokens[3:]
    return Section(name, heading, document.draw(tokens), _steps(document, tokens))


def _steps(document: Document, tokens: list[Token]) -> tuple[Step, ...]:
    """Return the items of the ordered lists that stand in no other list."""
    steps: list[Step] = []
    number, opened = 0, -1
    for place, token in enumerate(tokens):
        if token.type == "ordered_list_open" and token.level == 0:
            number, opened = int(token.attrs.get("start", 1)), place
        elif token.type == "ordered_list_close" and token.level == 0:
            opened = -1
        elif opened >= 0 and token.level == 1 and token.type == "list_item_open":
            opened = place
        elif opened >= 0 and token.level == 1 and token.type == "list_item_close":
            steps.append(Step(number, document.draw(tokens[opened + 1 : place])))
            number += 1
    return tuple(steps)


__all__ = [
    "GUIDE_VALUES",
    "Guide",
    "Section",
    "Step",
    "check_guide",
    "guide_values",
    "render_guide",
    "render_markdown",
]
