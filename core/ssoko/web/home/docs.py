"""Documentation pages, which do not depend on a workspace; guides link to them."""

from flask import Blueprint, render_template

blueprint = Blueprint("docs", __name__, url_prefix="/docs")


@blueprint.get("/applications")
def applications() -> str:
    """Explain the tabs of an application, and the steps of a sign-in."""
    return render_template("home/docs_applications.html", title="Applications")
