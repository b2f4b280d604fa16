"""Each guide in plugins/ has all headings, and its steps are numbered consecutively."""

import re
from pathlib import Path

import pytest

GUIDES = sorted((Path(__file__).parents[1] / "plugins").glob("*/ssoko_*/guide.md"))

OURS = ["In Ssoko", "Test", "Troubleshoot", "Remove"]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.parts[-3])
def test_a_guide_has_its_headings_in_order(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Before you start"
    assert headings[1].startswith("In ")
    ours = [heading for heading in headings[2:] if heading in OURS]
    assert ours == OURS


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.parts[-3])
def test_the_steps_are_numbered_from_the_first_section_to_the_last(path: Path) -> None:
    before, _, remove = path.read_text("utf-8").partition("## Remove")
    for part in (before, remove):
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", part, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.parts[-3])
def test_a_guide_does_not_show_what_its_author_does_not_know(path: Path) -> None:
    doubts = r"not verified|unverified|not tested|not known|unclear|probably|we think|TODO"
    assert not re.findall(doubts, path.read_text("utf-8"), re.IGNORECASE)
