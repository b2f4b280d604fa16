"""The tab Mappers: what the vendor is told about a person, line by line."""

from dataclasses import asdict, replace
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.plugin import Mapping
from ssoko.services.applications import mappers
from ssoko.services.applications.mappers import MAX_MAPPERS, duplicates
from ssoko.services.applications.views import ApplicationView
from ssoko.services.marketplace.proposed_values import source_words
from ssoko.web.applications.page import find, render_tab
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.source_form import place_errors, read_source, source_fields
from ssoko.web.framework.responses import Answer, Errors, posted, refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
)

#: Choices of the field Name format; any other is a URI of its own.
FORMATS = (
    ("unspecified", "Unspecified"),
    ("basic", "Basic"),
    ("uri", "URI"),
    ("other", "Another one, by its URI"),
)
_NEW = Mapping(name="", source="user.email")


@admin_only
def show_mappers(slug: str) -> str:
    """Show what the vendor is told about a person."""
    application = find(slug)
    return render_tab(
        "mappers",
        application,
        words=source_words,
        twice=duplicates(application.mappers),
        most=MAX_MAPPERS,
    )


@admin_only
def new_mapper(slug: str) -> Answer:
    """Add a mapper at the end of the list."""
    application = find(slug)
    return _edit(application, len(application.mappers) + 1, _NEW)


@admin_only
def edit_mapper(slug: str, place: int) -> Answer:
    """Change one mapper.

    :param place: from 1 on.
    """
    application = find(slug)
    return _edit(application, place, _mapper(application, place))


@admin_only
def move_mapper(slug: str, place: int) -> Response:
    """Move a mapper up or down by one."""
    application = find(slug)
    moved = _mapper(application, place)
    rest = [one for number, one in enumerate(application.mappers, 1) if number != place]
    to = place - 2 if posted("to") == "up" else place
    rest.insert(min(max(to, 0), len(rest)), moved)
    try:
        _save(application, rest)
    except InputError as error:
        return refused(error, "applications.mappers", slug=slug)
    where = "up" if posted("to") == "up" else "down"
    return see("applications.mappers", f"{moved.name} is moved {where}.", slug=slug)


@admin_only
def remove_mapper(slug: str, place: int) -> Answer:
    """Ask first, then remove a mapper."""
    application = find(slug)
    gone = _mapper(application, place)
    if request.method == "POST":
        try:
            _save(application, [m for n, m in enumerate(application.mappers, 1) if n != place])
        except InputError as error:
            return refused(error, "applications.mappers", slug=slug)
        return see("applications.mappers", f"{gone.name} is removed.", slug=slug)
    return render_tab(
        "mappers",
        application,
        template="mappers_confirm",
        title=f"Remove {gone.name}?",
        says="is no longer told this at sign-ins. A vendor that needs it may refuse people then.",
        listed=(gone,),
        words=source_words,
        button=f"Remove {gone.name}",
        action=url_for("applications.remove_mapper", slug=slug, place=place),
    )


@admin_only
def reset_mappers(slug: str) -> Answer:
    """Ask first, then go back to what the plugin proposed."""
    application = find(slug)
    if request.method == "POST":
        try:
            mappers.reset_mappers(current_scope(), application.id)
        except InputError as error:
            return refused(error, "applications.mappers", slug=slug)
        return see("applications.mappers", "The mappers are the plugin's again.", slug=slug)
    return render_tab(
        "mappers",
        application,
        template="mappers_confirm",
        title="Go back to the plugin's proposal?",
        says="is told what the plugin proposes again. These, as they are now, go:",
        listed=application.mappers,
        words=source_words,
        button="Use the proposal",
        action=url_for("applications.reset_mappers", slug=slug),
    )


def _mapper(application: ApplicationView, place: int) -> Mapping:
    if not 1 <= place <= len(application.mappers):
        raise NotFound("There is no such mapper any more. Somebody may have removed it.")
    return application.mappers[place - 1]


def _save(application: ApplicationView, wanted: list[Any]) -> None:
    """Write the list, unless somebody changed the application since the page was drawn."""
    plain = [asdict(one) if isinstance(one, Mapping) else one for one in wanted]
    seen = posted("seen")
    mappers.set_mappers(
        current_scope(),
        application.id,
        plain,
        seen=int(seen) if seen.isascii() and seen.isdigit() else 0,
    )


def _edit(application: ApplicationView, place: int, mapper: Mapping) -> Answer:
    errors: Errors = {}
    if request.method == "POST":
        typed = _typed(mapper)
        wanted: list[Any] = list(application.mappers)
        wanted[place - 1 : place] = [typed]
        try:
            _save(application, wanted)
        except InputError as error:
            errors = _placed(error, place, typed)
            mapper = replace(mapper, **typed)
        else:
            message = f"{typed['name']} is saved."
            return see("applications.mappers", message, slug=application.slug)
    page = render_tab(
        "mappers",
        application,
        template="mapper",
        errors=errors,
        fields=_fields(mapper, errors),
        title=application.mappers[place - 1].name if place <= len(application.mappers) else "",
        seen=posted("seen") or application.updated_at,
    )
    return (page, 422) if errors else page


def _typed(mapper: Mapping) -> dict[str, Any]:
    name_format = posted("name_format")
    return {
        "name": posted("name"),
        "source": read_source(request.form),
        # Without its URI the word is refused, as a name format that nobody knows.
        "name_format": (posted("name_format_uri") or "other")
        if name_format == "other"
        else name_format,
        "friendly_name": posted("friendly_name"),
        "required": "required" in request.form,
        "label": mapper.label,
    }


def _placed(error: InputError, place: int, typed: dict[str, Any]) -> Errors:
    """Bring the names of the service's errors to the fields of this page."""
    found: Errors = {}
    for name, messages in error.errors.items():
        field = name.removeprefix(f"mappers.{place - 1}.")
        if field == "source":
            found |= place_errors(typed["source"], messages, request.form)
        elif field == "name_format" and posted("name_format") == "other":
            found["name_format_uri"] = messages
        elif field == name and name.startswith("mappers."):
            found.setdefault("", []).extend(messages)
        else:
            found["" if field == "mappers" else field] = messages
    return found


def _fields(mapper: Mapping, errors: Errors) -> list[FormField]:
    named = mapper.name_format in dict(FORMATS)
    return [
        text_field(
            "name",
            "Name",
            value=mapper.name,
            errors=errors,
            required=True,
            autocomplete="off",
            help="As the vendor writes it, such as email or urn:oid:0.9.2342.19200300.100.1.3",
        ),
        *source_fields(mapper.source, errors, label="Comes from", single=False),
        text_field(
            "name_format",
            "Name format",
            value=mapper.name_format if named else "other",
            errors=errors,
            kind="select",
            choices=FORMATS,
            help="URI when the name is one; Basic or Unspecified for plain words",
        ),
        text_field(
            "name_format_uri",
            "URI of another name format",
            value="" if named else mapper.name_format,
            errors=errors,
            optional=True,
            autocomplete="off",
        ),
        text_field(
            "friendly_name",
            "Friendly name",
            value=mapper.friendly_name,
            errors=errors,
            optional=True,
            autocomplete="off",
            help="Some vendors show it to people",
        ),
        FormField(
            name="required",
            label="Required",
            kind="checkbox",
            value=mapper.required,
            help="Refuse the sign-in of a person who has no value for it, and say so",
        ),
    ]
