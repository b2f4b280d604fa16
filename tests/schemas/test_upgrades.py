"""The JSON of upgrades."""

from ssoko.schemas.upgrades import PartSchema
from ssoko.services.applications.differences import Difference
from ssoko.services.applications.upgrades.parts import TITLES, Part
from ssoko.text.line_difference import Line


def test_lines_have_a_sign_in_front() -> None:
    texts = {"same": "a", "added": "b", "removed": "c", "gap": "3 lines"}
    lines = tuple(Line(kind=kind, text=text) for kind, text in texts.items())
    shown = PartSchema().dump(Part(name="guide", lines=lines))
    assert (shown["title"], shown["text"]) == (TITLES["guide"], [" a", "+b", "-c", "@3 lines"])


def test_a_difference_has_both_values_and_why_it_stays() -> None:
    difference = Difference(
        name="lifetime", label="Lifetime", recorded=("300",), new=("120",), kept="An admin set it."
    )
    (shown,) = PartSchema().dump(Part(name="protection", stays=(difference,)))["stays"]
    assert shown == {
        "name": "lifetime",
        "label": "Lifetime",
        "recorded": ["300"],
        "proposed": ["120"],
        "caution": "",
        "stays_because": "An admin set it.",
    }
