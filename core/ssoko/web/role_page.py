"""What all tabs of a role's page share."""

from flask import render_template

from ssoko.services.roles import RoleView

#: Endpoint in the blueprint, and the tab's label.
TABS = (("show", "Who has it"), ("settings", "Settings"))


def render_tab(tab: str, role: RoleView, **values: object) -> str:
    """Render one tab within the role's page."""
    return render_template(f"roles/{tab}.html", role=role, tab=tab, tabs=TABS, **values)
