"""What all tabs of a group's page share."""

from flask import render_template, url_for

from ssoko.services.groups import GroupView

#: Endpoint in the blueprint, and the tab's label.
TABS = (("show", "Members"), ("roles", "Roles"), ("settings", "Settings"))


def render_tab(tab: str, group: GroupView, **values: object) -> str:
    """Render one tab within the group's page."""
    links = [(key, word, url_for(f"groups.{key}", group_id=group.id)) for key, word in TABS]
    return render_template(
        f"groups/{tab}.html", group=group, tab=tab, tabs=TABS, tab_links=links, **values
    )
