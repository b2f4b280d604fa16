"""What all tabs of a user's page share."""

from flask import render_template

from ssoko.services.users import UserView

#: Endpoint in the blueprint, and the tab's label.
TABS = (
    ("details", "Details"),
    ("roles", "Roles & Groups"),
    ("sessions", "Sessions"),
    ("activity", "Activity"),
)


def render_tab(tab: str, user: UserView, **values: object) -> str:
    """Render one tab within the user's page."""
    return render_template(f"users/{tab}.html", user=user, tab=tab, tabs=TABS, **values)
