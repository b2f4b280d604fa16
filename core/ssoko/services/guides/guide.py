"""Installation guides: the plugin's Markdown, rendered with the values of an application."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markdown_it.token import Token

from ssoko.plugin.guide import SETTINGS_PREFIX
from ssoko.plugin.steps import KEY
from ssoko.plugin.steps import steps as find_steps
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides.markdown import Document, title

#: The pages that every guide links to at its end.
DETAILS_PAGE = "/docs/applications#application-details"
EXECUTION_PAGE = "/docs/applications#application-execution"

#: Nesting level of a step's own blocks, inside its list and its list item.
_IN_STEP = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a section.

    :param number: counted through the whole guide.
    :param done: kind of evidence that completes it (:data:`ssoko.plugin.steps.EVIDENCE`), or empty.
    """

    number: int
    html: str
    done: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a guide below one heading of level 2.

    :param id: of the heading, unique in the page; empty for the text before the first heading.
    :param html: without the heading.
    :param parts: the same content in order: HTML between the lists, and the steps of each list.
    """

    id: str
    title: str
    html: str
    parts: tuple[str | tuple[Step, ...], ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all lists."""
        return tuple(step for part in self.parts if not isinstance(part, str) for step in part)


@dataclass(frozen=True, slots=True)
class Guide:
    """A rendered guide, as a whole and in sections. The HTML is sanitized."""

    sections: tuple[Section, ...]
    html: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of evidence that its steps name, without duplicates, in order."""
        kinds = (step.done for section in self.sections for step in section.steps if step.done)
        return tuple(dict.fromkeys(kinds))


def render_guide(markdown: str, values: Mapping[str, str]) -> Guide:
    """Render a guide.

    A value that is a paragraph of its own, and a fenced block marked ``copy``, get a copy button.
    A name without a value is shown as a description, such as ``‹Login Endpoint›``, without a
    button; a link to it becomes plain text.

    :param values: see :func:`guide_values`; they are never parsed as Markdown or HTML.
    """
    document = Document(markdown, values)
    numbered, number = [], 0
    for token in document.tokens:
        number += token.type == "heading_open" and token.tag == "h2"
        numbered.append((number, token))
    return Guide(
        sections=tuple(
            _section(document, [token for _, token in part])
            for _, part in groupby(numbered, key=lambda pair: pair[0])
        ),
        html=document.render(document.tokens),
    )


def render_markdown(text: str) -> str:
    """Render Markdown of a plugin without values, such as its description."""
    document = Document(text, prefix="")
    return document.render(document.tokens)


def guide_values(application: ApplicationView | None) -> dict[str, str]:
    """Return the values of an application, by the names of ``GUIDE_VALUES``.

    Without an application, only the URLs of the documentation pages have a value.
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
    return Section(name, heading, document.render(tokens), tuple(_parts(document, tokens)))


def _parts(document: Document, tokens: list[Token]) -> Iterator[str | tuple[Step, ...]]:
    """Yield each top-level numbered list as steps, and the content between them as HTML."""
    before = 0
    for place, token in enumerate(tokens):
        if token.level == 0 and token.type == "ordered_list_open":
            if text := document.render(tokens[before:place]):
                yield text
            before = place
        elif token.level == 0 and token.type == "ordered_list_close":
            yield _steps(document, tokens[before : place + 1])
            before = place + 1
    if text := document.render(tokens[before:]):
        yield text


def _steps(document: Document, tokens: list[Token]) -> tuple[Step, ...]:
    first = int(tokens[0].attrs.get("start", 1))
    return tuple(
        Step(
            number,
            document.render(map(_as_block, tokens[start + 1 : end])),
            tokens[start].meta.get(KEY, ""),
        )
        for number, (start, end) in enumerate(find_steps(tokens), first)
    )


def _as_block(token: Token) -> Token:
    """Return a token of a step; its own paragraphs get ``<p>`` tags, as in loose lists."""
    own = token.level == _IN_STEP and token.type in {"paragraph_open", "paragraph_close"}
    return token.copy(hidden=False) if own else token
