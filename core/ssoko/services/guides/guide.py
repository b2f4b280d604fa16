"""Installation guides: the plugin's Markdown with this application's own values in place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markdown_it.token import Token

from ssoko.plugin.guide import SETTINGS_PREFIX
from ssoko.plugin.steps import KEY
from ssoko.plugin.steps import steps as items
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides.markdown import Document, title

#: Where the pages are that every guide ends with.
DETAILS_PAGE = "/docs/applications#application-details"
EXECUTION_PAGE = "/docs/applications#application-execution"

#: Level of what a step is made of: its list and its item are around it.
_IN_STEP = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a section.

    :param number: as the guide counts, from the first section to the last.
    :param done: the kind of evidence that it is done (:data:`ssoko.plugin.steps.EVIDENCE`), or
        an empty text.
    """

    number: int
    html: str
    done: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading of the second level.

    :param id: of the heading, unique in the page; empty for what comes before the first.
    :param html: without the heading.
    :param parts: the same in pieces: HTML, and the steps of one list after the other.
    """

    id: str
    title: str
    html: str
    parts: tuple[str | tuple[Step, ...], ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps alone."""
        return tuple(step for part in self.parts if not isinstance(part, str) for step in part)


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide, whole and in sections; safe to put into a page."""

    sections: tuple[Section, ...]
    html: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of evidence that its steps name, each once, in their order."""
        named = (step.done for section in self.sections for step in section.steps if step.done)
        return tuple(dict.fromkeys(named))


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


def guide_values(application: ApplicationView | None) -> dict[str, str]:
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
    return Section(name, heading, document.draw(tokens), tuple(_parts(document, tokens)))


def _parts(document: Document, tokens: list[Token]) -> Iterator[str | tuple[Step, ...]]:
    """Yield the numbered lists that stand in no other as steps, and what is between as HTML."""
    before = 0
    for place, token in enumerate(tokens):
        if token.level == 0 and token.type == "ordered_list_open":
            if text := document.draw(tokens[before:place]):
                yield text
            before = place
        elif token.level == 0 and token.type == "ordered_list_close":
            yield _steps(document, tokens[before : place + 1])
            before = place + 1
    if text := document.draw(tokens[before:]):
        yield text


def _steps(document: Document, tokens: list[Token]) -> tuple[Step, ...]:
    first = int(tokens[0].attrs.get("start", 1))
    return tuple(
        Step(
            number,
            document.draw(map(_as_block, tokens[start + 1 : end])),
            tokens[start].meta.get(KEY, ""),
        )
        for number, (start, end) in enumerate(items(tokens), first)
    )


def _as_block(token: Token) -> Token:
    """Return a token of a step; its own paragraphs are drawn as such, as in loose lists."""
    own = token.level == _IN_STEP and token.type in {"paragraph_open", "paragraph_close"}
    return token.copy(hidden=False) if own else token
