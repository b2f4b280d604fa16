"""Pages that explain, the same for everybody; guides end with links to them."""

from flask import Blueprint, render_template

blueprint = Blueprint("docs", __name__, url_prefix="/docs")


@blueprint.get("/applications")
def applications() -> str:
    """Say what the tabs of an application mean, and what happens when somebody launches it."""
    return render_template("home/docs_applications.html", title="Applications")
