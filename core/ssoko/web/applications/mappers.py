"""The Mappers tab: the attributes of the assertion, one mapper each."""

from dataclasses import asdict, replace
from typing import Any

from flask import g, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import Conflict, InputError, NotFound
from ssoko.plugin import Mapping
from ssoko.plugin.sources import TRANSFORMS, describe_source
from ssoko.services.applications import mappers
from ssoko.services.applications.mappers import MAX_MAPPERS, duplicates
from ssoko.services.applications.views import ApplicationView
from ssoko.web.applications.page import find_application, render_tab
from ssoko.web.components.edit_forms import rebase_version
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.source_form import place_errors, read_source, source_fields
from ssoko.web.framework.responses import (
    Errors,
    ViewResponse,
    has_entries,
    posted,
    refused,
    see,
)
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
)

#: Choices of the field Name format; "other" shows a field for the URI.
NAME_FORMATS = (
    ("unspecified", "Unspecified"),
    ("basic", "Basic"),
    ("uri", "URI"),
    ("other", "Other (enter its URI)"),
)
_NEW_MAPPER = Mapping(name="", source="user.email")


@admin_only
def show_mappers(slug: str) -> str:
    """Show the attributes that are sent to the vendor."""
    application = _find_application(slug)
    return render_tab(
        "mappers",
        application,
        describe_source=describe_source,
        duplicates=duplicates(application.mappers),
        max_mappers=MAX_MAPPERS,
    )


@admin_only
def add_mapper(slug: str) -> ViewResponse:
    """Add a mapper at the end of the list."""
    application = _find_application(slug)
    return _edit(application, len(application.mappers) + 1, _NEW_MAPPER)


@admin_only
def edit_mapper(slug: str, place: int) -> ViewResponse:
    """Edit one mapper.

    :param place: its position in the list, starting at 1.
    """
    application = _find_application(slug)
    return _edit(application, place, _find_mapper(application, place))


@admin_only
def move_mapper(slug: str, place: int) -> Response:
    """Move a mapper up or down by one."""
    application = _find_application(slug)
    mapper = _find_mapper(application, place)
    direction = "up" if posted("to") == "up" else "down"
    reordered = _without(application, place)
    index = place - 2 if direction == "up" else place
    reordered.insert(min(max(index, 0), len(reordered)), mapper)
    try:
        _save(application, reordered)
    except InputError as error:
        return refused(error, "applications.show_mappers", slug=slug)
    return see("applications.show_mappers", f"Moved {mapper.name} {direction}.", slug=slug)


@admin_only
def remove_mapper(slug: str, place: int) -> ViewResponse:
    """Ask for confirmation, then remove a mapper."""
    application = _find_application(slug)
    mapper = _find_mapper(application, place)
    if request.method == "POST":
        try:
            _save(application, _without(application, place))
        except InputError as error:
            return refused(error, "applications.show_mappers", slug=slug)
        return see("applications.show_mappers", f"Removed {mapper.name}.", slug=slug)
    return render_tab(
        "mappers",
        application,
        template="mappers_confirm",
        title=f"Remove {mapper.name}?",
        consequence="no longer gets this attribute at sign-in, and may refuse people without it.",
        mappers=(mapper,),
        describe_source=describe_source,
        button=f"Remove {mapper.name}",
        action=url_for("applications.remove_mapper", slug=slug, place=place),
    )


@admin_only
def reset_mappers(slug: str) -> ViewResponse:
    """Ask for confirmation, then restore the mappers that the plugin proposes."""
    application = _find_application(slug)
    if request.method == "POST":
        try:
            _require_unchanged()
            mappers.reset_mappers(current_scope(), application.id)
        except InputError as error:
            return refused(error, "applications.show_mappers", slug=slug)
        return see(
            "applications.show_mappers", "Restored the mappers that the plugin proposes.", slug=slug
        )
    return render_tab(
        "mappers",
        application,
        template="mappers_confirm",
        title="Restore the plugin's mappers?",
        consequence="gets the attributes that the plugin proposes. Your changes to these are lost:",
        mappers=application.mappers,
        describe_source=describe_source,
        button="Restore mappers",
        action=url_for("applications.reset_mappers", slug=slug),
    )


def _find_application(slug: str) -> ApplicationView:
    application = find_application(slug)
    g.mappers_changed = rebase_version(application.mappers)
    return application


def _require_unchanged() -> None:
    # A mapper is found by its position, so a form of another list may mean another mapper.
    if g.mappers_changed:
        raise Conflict.of(
            "mappers",
            "Another admin changed the mappers after you opened this page. Reload it and try "
            "again.",
        )


def _find_mapper(application: ApplicationView, place: int) -> Mapping:
    if not 1 <= place <= len(application.mappers):
        raise NotFound("This mapper no longer exists. Another admin may have removed it.")
    return application.mappers[place - 1]


def _without(application: ApplicationView, place: int) -> list[Mapping]:
    """Return the mappers except the one at this position."""
    return [m for number, m in enumerate(application.mappers, 1) if number != place]


def _save(application: ApplicationView, changed: list[Any]) -> None:
    """Save the list, unless the application was changed after the page was rendered."""
    _require_unchanged()
    plain = [asdict(mapper) if isinstance(mapper, Mapping) else mapper for mapper in changed]
    version = posted("seen")
    mappers.set_mappers(
        current_scope(),
        application.id,
        plain,
        seen=int(version) if version.isascii() and version.isdigit() else 0,
    )


def _edit(application: ApplicationView, place: int, mapper: Mapping) -> ViewResponse:
    errors: Errors = {}
    if has_entries():
        typed = _read_mapper(mapper)
    if request.method != "POST" and has_entries():
        mapper = replace(mapper, **typed)
    elif request.method == "POST":
        changed: list[Any] = list(application.mappers)
        changed[place - 1 : place] = [typed]
        try:
            _save(application, changed)
        except InputError as error:
            errors = _field_errors(error, place, typed)
            mapper = replace(mapper, **typed)
        else:
            message = f"Saved {typed['name']}."
            return see("applications.show_mappers", message, slug=application.slug)
    page = render_tab(
        "mappers",
        application,
        template="mapper",
        errors=errors,
        fields=_fields(mapper, errors),
        transforms=TRANSFORMS,
        title=application.mappers[place - 1].name if place <= len(application.mappers) else "",
        seen=posted("seen") or application.updated_at,
    )
    return (page, 422) if errors else page


def _read_mapper(mapper: Mapping) -> dict[str, Any]:
    name_format = posted("name_format")
    return {
        "name": posted("name"),
        "source": read_source(request.form),
        # Without a URI the word "other" is refused as an unknown name format.
        "name_format": (posted("name_format_uri") or "other")
        if name_format == "other"
        else name_format,
        "friendly_name": posted("friendly_name"),
        "required": "required" in request.form,
        "label": mapper.label,
    }


def _field_errors(error: InputError, place: int, typed: dict[str, Any]) -> Errors:
    """Return the errors of the service by the field names of this page."""
    errors: Errors = {}
    for name, messages in error.errors.items():
        field = name.removeprefix(f"mappers.{place - 1}.")
        if field == "source":
            errors |= place_errors(typed["source"], messages, request.form)
        elif field == "name_format" and posted("name_format") == "other":
            errors["name_format_uri"] = messages
        elif field == name and name.startswith("mappers."):
            errors.setdefault("", []).extend(messages)
        else:
            errors["" if field == "mappers" else field] = messages
    return errors


def _fields(mapper: Mapping, errors: Errors) -> list[FormField]:
    has_name = mapper.name_format in dict(NAME_FORMATS)
    return [
        text_field(
            "name",
            "Name",
            value=mapper.name,
            errors=errors,
            required=True,
            autocomplete="off",
            help="As the vendor spells it, such as email or urn:oid:0.9.2342.19200300.100.1.3",
        ),
        *source_fields(mapper.source, errors, label="Source", single=False),
        text_field(
            "name_format",
            "Name format",
            value=mapper.name_format if has_name else "other",
            errors=errors,
            kind="select",
            choices=NAME_FORMATS,
            help="URI if the name is a URI, otherwise Basic or Unspecified",
        ),
        text_field(
            "name_format_uri",
            "Name format URI",
            value="" if has_name else mapper.name_format,
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
            help="Some vendors show it in their own pages",
        ),
        FormField(
            name="required",
            label="Required",
            kind="checkbox",
            value=mapper.required,
            help="Deny the sign-in of a person who has no value for it",
        ),
    ]
