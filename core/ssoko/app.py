"""The composition root: the only module that imports every layer."""

import ipaddress
import logging
from collections.abc import Collection
from functools import lru_cache, partial
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

from ssoko.config import Config, load_config
from ssoko.errors import ConfigError, Unavailable
from ssoko.plugin import Site as PluginSite
from ssoko.plugin import WebApplication, WebContext, steps
from ssoko.plugin.host.registry import Registry, installed_sources
from ssoko.saml import xml
from ssoko.services import installation
from ssoko.services.context import Cache, Services, now
from ssoko.services.credentials.key_ring import KeyRing
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.credentials.rate_limits import Limiter
from ssoko.services.issuers.metadata_fetches import FetchPace
from ssoko.services.marketplace.plugin_pages import web_applications
from ssoko.services.plugins.index import PluginIndex
from ssoko.services.plugins.inventory import Inventory
from ssoko.services.sso.evidence import note_confirmed
from ssoko.store import db, migrate
from ssoko.web import init_web
from ssoko.web.api import init_api, problems
from ssoko.web.framework.below_path import BelowPath
from ssoko.web.plugins.mounted_pages import PluginPages

log = logging.getLogger(__name__)

#: Bytes of the largest body that a page or the API reads.
MAX_BODY = 1024 * 1024

#: Names of this machine; a site that is served under one accepts the others.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

#: Endpoints that work without the database: the error page needs its style sheet.
_WITHOUT_DATABASE = frozenset({"assets.show", "healthz", "livez"})


class Site(Flask):
    """Flask, with the database around each request and JSON errors below ``/api``."""

    def preprocess_request(self) -> ResponseReturnValue | None:
        if request.endpoint in _WITHOUT_DATABASE:
            return super().preprocess_request()
        with db.session():
            return super().preprocess_request()

    def dispatch_request(self) -> ResponseReturnValue:
        if request.endpoint in _WITHOUT_DATABASE:
            return super().dispatch_request()
        with db.session():
            return super().dispatch_request()

    def handle_user_exception(self, error: Exception) -> ResponseReturnValue:
        if isinstance(error, SecurityError):
            # No page: links cannot be made for a host name that is none.
            return Response("Send the name of this site as Host.\n", 400, mimetype="text/plain")
        below_api = request.path == "/api" or request.path.startswith("/api/")
        if not below_api:
            return self._page_of(error)
        return problems.respond(error) or problems.respond_unexpected(error)

    def _page_of(self, error: Exception) -> ResponseReturnValue:
        try:
            with db.session():
                return super().handle_user_exception(error)
        except Unavailable as down:
            # The page looks up whom to ask; without a database it names nobody.
            g.workspace = None
            return super().handle_user_exception(down)


def create_app(config: Config | None = None, registry: Registry | None = None) -> Flask:
    """Put Ssoko together as one WSGI application.

    :param config: by default read from the environment and the data directory.
    :param registry: by default made from the installed plugins.
    :raises ConfigError: when a setting is missing or unsafe.
    :raises MigrationPending: when the database is older than the code.
    :raises Unavailable: when the database does not respond.
    """
    config = load_config() if config is None else config
    database = db.connect(config.database_url)
    with db.session():
        migrate.require_current(database)
        installation.require_master_key(KeyRing(config.master_key))
        installation.record_first_base_url(config)
    xml.prepare()
    steps.parser()
    registry = load_registry(config) if registry is None else registry

    app = Site("ssoko.web", static_folder=None)
    if app.debug:
        raise ConfigError("FLASK_DEBUG is on, which shows the code to visitors; unset it")
    services = app.extensions["ssoko"] = build_services(config, registry)
    with db.session():
        for notice in installation.notices(config, registry):
            log.warning("%s", notice)
    services.index.read()  # so that the log names a broken one when Ssoko starts
    _configure(app, config)
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.add_url_rule("/livez", "livez", _livez)
    init_web(app, config.base_url)
    init_api(app)
    _mount_plugin_pages(app, services)
    if path := urlsplit(config.base_url).path:
        app.wsgi_app = BelowPath(app.wsgi_app, path)  # type: ignore[method-assign]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        # The prefix makes browsers keep the cookie to this host and to https.
        SESSION_COOKIE_NAME="__Host-ssoko" if config.is_https else "ssoko",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )
    hosts = known_hosts(config)
    trusted = lru_cache(maxsize=64)(partial(is_known_host, known=hosts))

    def refuse_unknown_host() -> None:
        # Load balancers ask for the health by address, not by name.
        if request.endpoint not in {"healthz", "livez"} and not trusted(request.host):
            abort(400, "This site has another name. An operator can add this one to trusted_hosts.")

    app.before_request(refuse_unknown_host)


def load_registry(config: Config) -> Registry:
    """Load the installed plugins that the settings allow."""
    return Registry.load(
        installed_sources(),
        only=config.plugins,
        disabled=config.disabled_plugins,
        opt_in=config.opt_in_plugins,
        chosen=config.plugin_distributions,
    )


def build_services(config: Config, registry: Registry | None = None) -> Services:
    """Create the parts that the services share.

    :param registry: by default an empty one, for commands that need no plugin.
    """
    return Services(
        config=config,
        registry=Registry.load([]) if registry is None else registry,
        keys=KeyRing(config.master_key),
        limiter=Limiter(config.rate_limit_url),
        clock=now,
        hasher=Hasher(),
        fetches=FetchPace(),
        proposed=Cache(),
        inventory=Inventory(),
        index=PluginIndex(config.plugin_index),
    )


def known_hosts(config: Config) -> list[str]:
    """Return the host names, without ports, that this site accepts."""
    hosts = {urlsplit(config.base_url).hostname or "", *config.trusted_hosts}
    return sorted(hosts | _LOOPBACK if hosts & _LOOPBACK else hosts)


def is_known_host(host: str, known: Collection[str]) -> bool:
    """Tell whether a Host header, with or without a port, has one of the names.

    :param known: host names and IP addresses without brackets; one that starts with a dot stands
        for all names below it.
    """
    # Without a list, this checks the characters. With one it knows no IPv6 addresses.
    if not host_is_trusted(host):
        return False
    name = _same_name(urlsplit(f"//{host}").hostname or "")
    return any(
        name == _same_name(one) or (one.startswith(".") and name.endswith(one.lower()))
        for one in known
    )


def _same_name(host: str) -> str:
    """Return a host name as browsers send it, so that equal hosts are equal texts."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _healthz() -> tuple[Response, int]:
    try:
        db.ping()
    except Unavailable as down:
        return jsonify(status="database does not respond", cause=down.cause), 503
    return jsonify(status="ok"), 200


def _livez() -> tuple[Response, int]:
    # A process that does not respond is restarted; that does not help its database.
    return jsonify(status="ok"), 200


def _mount_plugin_pages(app: Flask, services: Services) -> None:
    """Mount the pages that plugins bring at ``/plugins/<slug>``."""
    base_url = services.config.base_url
    pages = {}
    for slug, loaded in services.registry.integrations.items():
        if "web_application" in loaded.hooks:
            context = WebContext(
                site=PluginSite(base_url=base_url, plugin_url=f"{base_url}/plugins/{slug}"),
                applications=partial(_applications_of, services, slug),
                accepted=partial(_accepted, services, slug),
            )
            pages[slug] = partial(services.registry.call, slug, "web_application", context=context)
    if pages:
        hosts = known_hosts(services.config)
        app.wsgi_app = PluginPages(  # type: ignore[method-assign]
            app.wsgi_app,
            pages,
            is_ours=lambda environ: is_known_host(environ.get("HTTP_HOST", ""), hosts),
        )


def _applications_of(services: Services, slug: str) -> tuple[WebApplication, ...]:
    with db.session():
        return web_applications(services, slug)


def _accepted(services: Services, slug: str, application_id: str, session_index: str) -> None:
    with db.session():
        note_confirmed(services, slug, application_id, session_index)
