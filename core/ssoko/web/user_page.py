"""What all tabs of a user's page share."""

from flask import render_template, url_for

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
    links = [(key, word, url_for(f"users.{key}", user_id=user.id)) for key, word in TABS]
    badges = [("ok", "ok", "Active") if user.active else ("bad", "bad", "Disabled")]
    if user.admin:
        badges.append(("now", "shield", "Workspace admin"))
    return render_template(
        f"users/{tab}.html",
        user=user,
        tab=tab,
        tabs=TABS,
        tab_links=links,
        badges=badges,
        **values,
    )
