"""What all tabs of the settings share."""

from flask import render_template, url_for

#: Endpoint in the blueprint, and the tab's label.
TABS = (
    ("show", "Workspace"),
    ("tokens", "API tokens"),
    ("issuers", "Issuers"),
    ("plugins", "Plugins"),
)


def render_tab(tab: str, **values: object) -> str:
    """Render one tab of the settings."""
    links = [(key, word, url_for(f"settings.{key}")) for key, word in TABS]
    return render_template(f"settings/{tab}.html", tab=tab, tabs=TABS, tab_links=links, **values)
