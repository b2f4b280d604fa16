"""The parts of an update: the differences between a plugin's proposal and the record, as text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow.fields import Field, String

from ssoko.plugin.sources import describe_source
from ssoko.services.applications.cautions import caution
from ssoko.services.applications.differences import Difference, field_difference, shown
from ssoko.services.applications.overrides import SamlForm
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.three_way_merge import RowChange, merge_rows
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application
from ssoko.text.line_difference import Line, between

PartName = Literal["service_provider", "protection", "mappers", "default_role", "guide"]

#: Part to its title.
TITLES: dict[PartName, str] = {
    "service_provider": "Service provider",
    "protection": "NameID and security",
    "mappers": "Mappers",
    "default_role": "Default role",
    "guide": "Guide and labels",
}
#: Labels of fields that SamlForm does not have, or labels otherwise.
_LABELS = {
    "entity_id": "SP entity ID",
    "acs_urls": "ACS URLs",
    "acs_indexes": "ACS URLs by index",
    "launch_url": "URL that the tile opens",
    "idp_initiated": "IdP-initiated sign-in",
}
#: Texts of the guide part.
_ABOUT = (("integration", "Integration"), ("vendor", "Vendor"), ("monogram", "Tile letters"))
_FROZEN = "Not changed: it identifies the SP. If the vendor changed it, change it under Settings"
_OVERRIDDEN = "Not changed: an admin set this value"
_EDITED = "Not changed: it was edited here"
_NO_CHANGE = "No change: it has this value already"
_IN_EFFECT = "Already in effect: the loaded version adds them at each sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Changes that belong together and are accepted or skipped together.

    :param changes: what accepting changes; ``stays`` is what it does not change, and why.
    :param lines: the difference of a long text.
    :param careful: accepting it weakens security, so it is not preselected.
    """

    name: PartName
    changes: tuple[Difference, ...] = ()
    stays: tuple[Difference, ...] = ()
    lines: tuple[Line, ...] = ()
    careful: bool = False

    @property
    def title(self) -> str:
        """The title of the part."""
        return TITLES[self.name]

    def __bool__(self) -> bool:
        return bool(self.changes or self.stays or self.lines)


def parts_of(
    row: Application,
    role: Role | None,
    before: Snapshot,
    new: Snapshot,
    role_texts: Mapping[str, str],
) -> tuple[Part, ...]:
    """Return the parts in which a proposal differs from the recorded one.

    :param role: row of the default role, or None.
    :param role_texts: name and description that the role was created with.
    """
    provider = list(_provider(row, before, new))
    careful = [difference for difference in provider if difference.caution]
    harmless = [difference for difference in provider if not difference.caution]
    parts = (
        _split("service_provider", harmless),
        _split("protection", careful, careful=True),
        _mappers(row, before, new),
        _role(row, role, before, new, role_texts),
        _guide(before, new),
    )
    return tuple(part for part in parts if part)


def _split(name: PartName, differences: list[Difference], *, careful: bool = False) -> Part:
    return Part(
        name=name,
        changes=tuple(d for d in differences if not d.kept),
        stays=tuple(d for d in differences if d.kept),
        careful=careful,
    )


def _provider(row: Application, before: Snapshot, new: Snapshot) -> Iterator[Difference]:
    form: Mapping[str, Field[Any]] = SamlForm().load_fields
    was, proposed = before.service_provider, new.service_provider
    for name, value in proposed.items():
        if value == was[name]:
            continue
        overridden = name in row.overrides
        yield field_difference(
            name,
            form.get(name) or String(),
            _readable(name, row.service_provider.get(name) if overridden else was[name]),
            _readable(name, value),
            label=_LABELS.get(name, ""),
            kept=_FROZEN if name == "entity_id" else _OVERRIDDEN if overridden else "",
            caution=caution(name, was, proposed),
        )


def _readable(name: str, value: Any) -> Any:
    if name == "name_id_source":
        return describe_source(str(value))
    if name == "acs_indexes":
        return [f"{index}: {url}" for index, url in value or ()]
    if name in ("lifetime", "session_lifetime"):
        return f"{value} seconds" if value else "The vendor decides"
    return value


def _mappers(row: Application, before: Snapshot, new: Snapshot) -> Part:
    _, changes = merge_rows(before.mappers, row.mappers, new.mappers)
    differences = [_mapper(change) for change in changes]
    if before.mappers != new.mappers and not differences:
        order = [[mapper["name"] for mapper in snapshot.mappers] for snapshot in (before, new)]
        differences = [
            Difference(name="", label="Order", recorded=tuple(order[0]), new=tuple(order[1]))
        ]
    if before.adds_attributes != new.adds_attributes:
        yes_or_no = {True: ("Yes",), False: ("No",)}
        differences.append(
            Difference(
                name="adds_attributes",
                label="Attributes added by the plugin",
                recorded=yes_or_no[before.adds_attributes],
                new=yes_or_no[new.adds_attributes],
                kept=_IN_EFFECT,
            )
        )
    return _split("mappers", differences, careful=any(d.caution for d in differences))


def _mapper(change: RowChange) -> Difference:
    newly_required = bool(change.proposed and change.proposed["required"]) and not (
        change.recorded and change.recorded["required"]
    )
    return Difference(
        name=change.name,
        label=change.name,
        recorded=_mapper_lines(change.recorded),
        new=_mapper_lines(change.proposed),
        kept=_EDITED if change.stays else _NO_CHANGE if change.recorded == change.proposed else "",
        caution="Users without a value would be refused"
        if newly_required and not change.stays
        else "",
    )


def _mapper_lines(mapper: Mapping[str, Any] | None) -> tuple[str, ...]:
    if mapper is None:
        return ()
    more = (
        f"Name format: {mapper['name_format']}" if mapper["name_format"] else "",
        f"Friendly name: {mapper['friendly_name']}" if mapper["friendly_name"] else "",
        f"Label: {mapper['label']}" if mapper["label"] else "",
        "Required" if mapper["required"] else "",
    )
    return (f"{describe_source(mapper['source'])} ({mapper['source']})", *filter(None, more))


def _role(
    row: Application,
    role: Role | None,
    before: Snapshot,
    new: Snapshot,
    role_texts: Mapping[str, str],
) -> Part:
    differences = []
    for name, label in (("name", "Name"), ("description", "Description")):
        if role is None or before.default_role[name] == new.default_role[name]:
            continue
        recorded = str(getattr(role, name))
        proposed = new.default_role[name].replace("{name}", row.name)
        overridden = _OVERRIDDEN if recorded != role_texts.get(name, recorded) else ""
        differences.append(
            Difference(
                name=name,
                label=label,
                recorded=shown(recorded),
                new=shown(proposed),
                kept=_NO_CHANGE if recorded == proposed else overridden,
            )
        )
    return _split("default_role", differences)


def _guide(before: Snapshot, new: Snapshot) -> Part:
    differences = []
    for name, label in _ABOUT:
        old, proposed = getattr(before, name), getattr(new, name)
        if old != proposed:
            differences.append(
                Difference(name=name, label=label, recorded=shown(old), new=shown(proposed))
            )
    by_key = [{field["key"]: field for field in side.metadata_fields} for side in (before, new)]
    for key in dict.fromkeys((*by_key[0], *by_key[1])):
        old, proposed = (_field_lines(fields.get(key)) for fields in by_key)
        if old != proposed:
            label = str((by_key[1].get(key) or by_key[0][key])["label"] or key)
            differences.append(Difference(name=key, label=label, recorded=old, new=proposed))
    return Part(
        name="guide", changes=tuple(differences), lines=tuple(between(before.guide, new.guide))
    )


def _field_lines(field: Mapping[str, Any] | None) -> tuple[str, ...]:
    if field is None:
        return ()
    where = f"Paste into {field['paste_into']}" if field["paste_into"] else "Not required"
    return tuple(filter(None, (str(field["label"]), where, str(field["help"]))))
