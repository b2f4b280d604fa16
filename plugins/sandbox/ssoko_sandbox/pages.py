"""The sandbox's pages: start a sign-in, and show the result."""

import time
from collections.abc import Callable

from flask import Flask, Response, redirect, render_template, request
from ssoko.plugin import WebContext
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as BaseResponse

from ssoko_sandbox.once import Memory
from ssoko_sandbox.sp import Sandbox
from ssoko_sandbox.structure import Refused

#: No form-action: browsers apply it to the redirects after a form, too.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
POLICY_WITH_SCRIPT = f"{POLICY}; script-src 'self'"


def create_app(context: WebContext, *, clock: Callable[[], float] = time.time) -> Flask:
    """Return the sandbox's application; it has no session and sets no cookie."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.config["MAX_FORM_MEMORY_SIZE"] = 1024 * 1024
    memory = Memory.for_site(context.site.plugin_url)

    def sandbox(key: str) -> Sandbox:
        applications = [a for a in context.applications() if a.settings.get("key") == key]
        if len(applications) > 1:
            raise NotFound("Two applications have this key. Change the key of one of them")
        if not applications:
            raise NotFound("There is no sandbox at this URL. It may have been uninstalled")
        return Sandbox(applications[0], f"{context.site.plugin_url}/{key}", memory)

    @app.get("/")
    def intro() -> str:
        return render_template("intro.html", base_url=context.site.base_url)

    @app.get("/<key>/")
    def home(key: str) -> str:
        return render_template("home.html", sandbox=sandbox(key))

    @app.get("/<key>/redirect")
    def start_by_redirect(key: str) -> BaseResponse:
        return redirect(sandbox(key).start(by_post=False, now=clock()).url, 302)

    @app.get("/<key>/post")
    def start_by_post(key: str) -> Response:
        here = sandbox(key)
        authn_request = here.start(by_post=True, now=clock())
        page = Response(render_template("post.html", sandbox=here, authn_request=authn_request))
        page.headers["Content-Security-Policy"] = POLICY_WITH_SCRIPT
        return page

    @app.get("/<key>/metadata")
    def metadata(key: str) -> Response:
        return Response(sandbox(key).metadata(), mimetype="application/samlmetadata+xml")

    @app.post("/<key>/acs")
    def acs(key: str) -> str | tuple[str, int]:
        here = sandbox(key)
        responses = request.form.getlist("SAMLResponse")
        relay_state = request.form.get("RelayState", "")
        try:
            if len(responses) != 1:
                raise Refused("The form must have exactly one SAMLResponse")
            signed_in = here.accept(responses[0], relay_state, now=clock())
        except Refused as reason:
            return render_template("refused.html", sandbox=here, reason=str(reason)), 400
        context.accepted(here.application.id, signed_in.session_index)
        return render_template("result.html", sandbox=here, sign_in=signed_in)

    @app.errorhandler(HTTPException)
    def show(error: HTTPException) -> tuple[str, int]:
        page = render_template("error.html", title=error.name, text=error.description)
        return page, error.code or 500

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return app
