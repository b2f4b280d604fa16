"""What all tabs of the settings share."""

from flask import render_template

#: Endpoint in the blueprint, and the tab's label.
TABS = (
    ("show", "Workspace"),
    ("tokens", "API tokens"),
    ("issuers", "Issuers"),
    ("plugins", "Plugins"),
)


def render_tab(tab: str, **values: object) -> str:
    """Render one tab of the settings."""
    return render_template(f"settings/{tab}.html", tab=tab, tabs=TABS, **values)
