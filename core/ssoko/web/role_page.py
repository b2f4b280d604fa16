"""What all tabs of a role's page share."""

from flask import render_template, url_for

from ssoko.services.roles import RoleView

#: Endpoint in the blueprint, and the tab's label.
TABS = (("show", "Who has it"), ("settings", "Settings"))


def render_tab(tab: str, role: RoleView, **values: object) -> str:
    """Render one tab within the role's page."""
    links = [(key, word, url_for(f"roles.{key}", role_id=role.id)) for key, word in TABS]
    return render_template(
        f"roles/{tab}.html", role=role, tab=tab, tabs=TABS, tab_links=links, **values
    )
