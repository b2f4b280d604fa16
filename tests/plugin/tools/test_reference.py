"""The page with the contract's values is the one that their docstrings give."""

from pathlib import Path

import ssoko.plugin
from ssoko.plugin.tools.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "plugins" / "values.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == reference()


def test_every_value_is_described_with_its_fields():
    text = reference()
    for name in ("ServiceProvider", "Integration", "Mapping", "Person", "Site", "VendorMetadata"):
        assert f"\n## {name}\n" in text
        for field in getattr(ssoko.plugin, name).__dataclass_fields__:
            assert f"| `{field}` |" in text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
