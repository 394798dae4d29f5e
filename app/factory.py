"""The factory: settings in, a Flask application out; it connects to Redis only when it is asked something."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import (
    analyses,
    attachments,
    batches,
    datasets,
    docs,
    home,
    jobs,
    lists,
    queued,
    results,
)
from app import webhooks as webhook_views
from app.access.authentication import register_authentication
from app.access.hosts import register_hosts
from app.access.origins import register_origins
from app.access.security_headers import register_security_headers
from app.access.visitors import register_sessions
from app.catalog import load_catalog
from app.dashboards import gate, sign_in
from app.dashboards.rq_pages import register_rq_pages
from app.dashboards.sign_in import register_sign_in
from app.description import openapi
from app.desk import Desk, set_up_desk
from app.encodings import register_encodings
from app.express import register_express
from app.following import events
from app.following.followers import Followers
from app.offers import register_offers
from app.pace import Pace
from app.refusals import check_host, register_refusals
from app.signals.health import register_health
from app.signals.metrics import register_metrics
from app.signals.request_log import register_request_log
from app.signals.traced import register_traces
from app.submitting.options import options_schema
from jobs.datasets import Datasets
from jobs.failed_sign_ins import FailedSignIns
from jobs.key_ring import KeyRing
from jobs.pictures import Pictures
from jobs.roster import Roster
from jobs.sessions import Sessions
from jobs.settings import Settings, load_settings
from jobs.store import Store
from jobs.webhooks import Webhooks
from jobs.wire import Wire, WireOf

#: The blueprints, one a noun.
BLUEPRINTS = (
    analyses.blueprint,
    queued.blueprint,
    results.blueprint,
    attachments.blueprint,
    jobs.blueprint,
    lists.blueprint,
    batches.blueprint,
    datasets.blueprint,
    events.blueprint,
    webhook_views.blueprint,
    home.blueprint,
    openapi.blueprint,
    docs.blueprint,
    sign_in.blueprint,
    gate.blueprint,
)

#: Largest text field of a form, bytes; files count for the whole body only.
LARGEST_FIELD = 2**20

#: Most fields and files of a form.
MOST_FIELDS = 32


def create_app(settings: Settings | None = None, *, wire: WireOf = Wire) -> Flask:
    """The API, with the settings of the environment unless others are given; ``wire`` carries its scripts to Redis.

    Raises:
        SettingsError: a variable has a value that can't be used.
        CatalogError: an analysis can't be declared, or a package of analyses can't be imported.

    """
    settings = settings or load_settings()
    app = Flask("app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.config["MAX_FORM_MEMORY_SIZE"] = min(LARGEST_FIELD, settings.max_body)
    app.config["MAX_FORM_PARTS"] = MOST_FIELDS
    # `//` in a path is not worth a redirect, which would be one to a generic client's surprise.
    app.url_map.merge_slashes = False
    desk = _desk(settings, wire)
    app.extensions.update(set_up_desk(desk))
    register_request_log(app)
    register_encodings(app)
    register_security_headers(app)
    register_offers(app)
    app.before_request(check_host)
    register_hosts(app, settings)
    doorkeeper = register_authentication(app, KeyRing(desk.store.redis, desk.store.keys), is_open=settings.open)
    register_sessions(app, Sessions(desk.store.redis, desk.store.keys, ttl=settings.session_ttl))
    register_sign_in(app, FailedSignIns(desk.store.redis, desk.store.keys))
    register_refusals(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    register_health(app, desk)
    register_metrics(app, settings)
    if settings.engine == "rq":
        register_rq_pages(app, desk)
    register_express(app, desk, doorkeeper)
    register_origins(app, settings.cors_origins)
    register_traces(app)
    _trust_proxies(app, settings.trusted_proxies)
    return app


def _desk(settings: Settings, wire: WireOf) -> Desk:
    store = Store(settings, wire=wire)
    webhooks = Webhooks(store)
    return Desk(
        settings=settings,
        store=store,
        catalog=load_catalog(settings.analyses),
        options=options_schema(settings),
        pace=Pace(store, Roster(store)),
        followers=Followers(store),
        internal_followers=Followers(webhooks.internal),
        pictures=Pictures(store, webhooks.internal),
        webhooks=webhooks,
        datasets=Datasets(store),
    )


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_port=count, x_prefix=count
        )
