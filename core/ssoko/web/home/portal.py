"""The SSO Dashboard: the applications that the current user can open."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from ssoko.services.access import decisions
from ssoko.web.framework.session import (
    current_scope,
    current_user,
    signed_in,
)

blueprint = Blueprint("portal", __name__, url_prefix="/w/<workspace>")


@blueprint.get("/dashboard")
@signed_in
def show() -> Response | str:
    """Show the tiles; ``?q=`` filters them, and ``?open=1`` opens the first result."""
    query = request.args.get("q", "").strip()[:200]
    tiles = decisions.list_tiles(current_scope(), current_user().id, q=query)
    if query and tiles and request.args.get("open") == "1":
        return redirect(tiles[0].launch_path)
    return render_template("home/portal.html", title="SSO Dashboard", tiles=tiles, query=query)
