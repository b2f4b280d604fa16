"""The parts of an upgrade: what a plugin proposes against what is recorded, in words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow.fields import Field, String

from ssoko.services.applications.differences import Difference, field_difference, shown
from ssoko.services.applications.overrides import WEAK_METHODS, SamlForm
from ssoko.services.applications.snapshots import Snapshot
from ssoko.services.applications.three_way_merge import RowChange, merge_rows
from ssoko.services.marketplace.proposed_values import source_words
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application
from ssoko.text.line_difference import Line, between

PartName = Literal["service_provider", "protection", "mappers", "default_role", "guide"]

#: Every part, with its title.
TITLES: dict[PartName, str] = {
    "service_provider": "Service provider",
    "protection": "Who people are, and what protects their sign-in",
    "mappers": "Mappers",
    "default_role": "Default role",
    "guide": "Guide and labels",
}
#: Fields that SamlForm has no word for, or another one.
_LABELS = {
    "entity_id": "Entity ID of the other side",
    "acs_urls": "ACS URLs",
    "acs_indexes": "ACS URLs by number",
    "launch_url": "Address that the tile opens",
}
_FROZEN = "It stays: it is who the other side is. Change it under Settings if the vendor did"
_BY_HAND = "It stays as it was set by hand"
_EDITED = "It stays as it was edited here"
_SO_ALREADY = "It is so already"
_AT_ONCE = "In effect already: the loaded version is asked at each sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What belongs together, and is accepted or kept together.

    :param changes: what accepting changes; ``stays`` is what it does not, and why.
    :param lines: the difference of a long text.
    :param careful: accepting it gives something up, so it is kept unless somebody says otherwise.
    """

    name: PartName
    changes: tuple[Difference, ...] = ()
    stays: tuple[Difference, ...] = ()
    lines: tuple[Line, ...] = ()
    careful: bool = False

    @property
    def title(self) -> str:
        """What the part is called."""
        return TITLES[self.name]

    def __bool__(self) -> bool:
        return bool(self.changes or self.stays or self.lines)


def parts_of(
    row: Application, role: Role | None, before: Snapshot, new: Snapshot, made: Mapping[str, str]
) -> tuple[Part, ...]:
    """Return the parts in which a proposal differs from the recorded one.

    :param role: row of the default role, or None.
    :param made: name and description that the role was made with.
    """
    provider = list(_provider(row, before, new))
    careful = [one for one in provider if one.caution]
    harmless = [one for one in provider if not one.caution]
    found = (
        _split("service_provider", harmless),
        _split("protection", careful, careful=True),
        _mappers(row, before, new),
        _role(row, role, before, new, made),
        _guide(before, new),
    )
    return tuple(part for part in found if part)


def _split(name: PartName, found: list[Difference], *, careful: bool = False) -> Part:
    return Part(
        name=name,
        changes=tuple(one for one in found if not one.kept),
        stays=tuple(one for one in found if one.kept),
        careful=careful,
    )


def _provider(row: Application, before: Snapshot, new: Snapshot) -> Iterator[Difference]:
    form: Mapping[str, Field[Any]] = SamlForm().load_fields
    was, proposed = before.service_provider, new.service_provider
    for name, value in proposed.items():
        if value == was[name]:
            continue
        by_hand = name in row.overrides
        yield field_difference(
            name,
            form.get(name) or String(),
            _readable(name, row.service_provider.get(name) if by_hand else was[name]),
            _readable(name, value),
            label=_LABELS.get(name, ""),
            kept=_FROZEN if name == "entity_id" else _BY_HAND if by_hand else "",
            caution=_caution(name, was, proposed),
        )


def _readable(name: str, value: Any) -> Any:
    if name == "name_id_source":
        return source_words(str(value))
    if name == "acs_indexes":
        return [f"{index}: {url}" for index, url in value or ()]
    if name in ("lifetime", "session_lifetime"):
        return f"{value} seconds" if value else "The vendor decides"
    return value


def _caution(name: str, was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say what a new value gives up; empty when it gives up nothing."""
    before, after = was[name], new[name]
    if before == after:
        return ""
    if name in _SWITCHED_OFF:
        return _SWITCHED_OFF[name] if before and not after else ""
    judge = _JUDGES.get(name)
    return judge(was, new) if judge else ""


_SWITCHED_OFF = {
    "sign_response": "The response would not be signed any more",
    "sign_assertion": "The assertion would not be signed any more",
    "require_signed_requests": "Requests that nobody signed would be answered",
    "encrypt_assertions": "Assertions would not be encrypted any more",
}


def _other_name(_: Mapping[str, Any], __: Mapping[str, Any]) -> str:
    return "People would have another name at the vendor, which may not know them by it"


def _further_address(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    more = [url for url in new["acs_urls"] if url not in was["acs_urls"]]
    return f"Answers would go to an address that they did not go to: {', '.join(more)}" * bool(more)


def _further_index(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    more = [url for _, url in new["acs_indexes"] if url not in was["acs_urls"]]
    return "Answers would go to an address that they did not go to" * bool(more)


def _weaker_method(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    weaker = new["encryption_method"] in WEAK_METHODS - {was["encryption_method"]}
    return "CBC does not notice when the text was changed" * weaker


def _signers(was: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if not was["certificates"]:
        return ""
    if not new["certificates"]:
        return "Nothing would be left to check the vendor's signatures with"
    more = set(new["certificates"]) - set(was["certificates"])
    return "Another key could sign in the vendor's name" * bool(more)


def _readers(was: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    return "Another key, or none, could read the assertions" * bool(was["encrypt_assertions"])


_JUDGES: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "name_id_format": _other_name,
    "name_id_source": _other_name,
    "acs_urls": _further_address,
    "acs_indexes": _further_index,
    "encryption_method": _weaker_method,
    "certificates": _signers,
    "encryption_certificates": _readers,
}


def _mappers(row: Application, before: Snapshot, new: Snapshot) -> Part:
    _, changes = merge_rows(before.mappers, row.mappers, new.mappers)
    found = [_mapper(change) for change in changes]
    if before.mappers != new.mappers and not found:
        order = [[mapper["name"] for mapper in one.mappers] for one in (before, new)]
        found = [Difference(name="", label="Order", recorded=tuple(order[0]), new=tuple(order[1]))]
    if before.adds_attributes != new.adds_attributes:
        yes_or_no = {True: ("Yes",), False: ("No",)}
        found.append(
            Difference(
                name="adds_attributes",
                label="Attributes that the plugin adds itself",
                recorded=yes_or_no[before.adds_attributes],
                new=yes_or_no[new.adds_attributes],
                kept=_AT_ONCE,
            )
        )
    return _split("mappers", found, careful=any(one.caution for one in found))


def _mapper(change: RowChange) -> Difference:
    newly_required = bool(change.proposed and change.proposed["required"]) and not (
        change.there and change.there["required"]
    )
    return Difference(
        name=change.name,
        label=change.name,
        recorded=_mapper_lines(change.there),
        new=_mapper_lines(change.proposed),
        kept=_EDITED if change.stays else _SO_ALREADY if change.there == change.proposed else "",
        caution="People who have no value for it would be refused"
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
    return (f"{source_words(mapper['source'])} ({mapper['source']})", *filter(None, more))


def _role(
    row: Application, role: Role | None, before: Snapshot, new: Snapshot, made: Mapping[str, str]
) -> Part:
    found = []
    for name, label in (("name", "Name"), ("description", "Description")):
        if role is None or before.default_role[name] == new.default_role[name]:
            continue
        there = str(getattr(role, name))
        proposed = new.default_role[name].replace("{name}", row.name)
        by_hand = _BY_HAND if there != made.get(name, there) else ""
        found.append(
            Difference(
                name=name,
                label=label,
                recorded=shown(there),
                new=shown(proposed),
                kept=_SO_ALREADY if there == proposed else by_hand,
            )
        )
    return _split("default_role", found)


def _guide(before: Snapshot, new: Snapshot) -> Part:
    found = []
    for name, label in (("vendor", "Vendor"), ("monogram", "Letters of the tile")):
        old, proposed = getattr(before, name), getattr(new, name)
        if old != proposed:
            found.append(
                Difference(name=name, label=label, recorded=shown(old), new=shown(proposed))
            )
    asked = [{one["key"]: one for one in side.metadata_fields} for side in (before, new)]
    for key in dict.fromkeys((*asked[0], *asked[1])):
        old, proposed = (_field_lines(one.get(key)) for one in asked)
        if old != proposed:
            label = str((asked[1].get(key) or asked[0][key])["label"] or key)
            found.append(Difference(name=key, label=label, recorded=old, new=proposed))
    return Part(name="guide", changes=tuple(found), lines=tuple(between(before.guide, new.guide)))


def _field_lines(field: Mapping[str, Any] | None) -> tuple[str, ...]:
    if field is None:
        return ()
    where = f"Paste into {field['paste_into']}" if field["paste_into"] else "Not asked for"
    return tuple(filter(None, (str(field["label"]), where, str(field["help"]))))
