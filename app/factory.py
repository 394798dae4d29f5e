"""The factory: settings in, a Flask application out; it connects to Redis only when it is asked something."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import analyses, health, home, jobs, queued, results
from app.catalog import load_catalog
from app.description import openapi
from app.desk import Desk, set_up_desk
from app.pace import Pace
from app.refusals import check_host, register_refusals
from app.request_log import register_request_log
from app.submitting.options import options_schema
from jobs.settings import Settings, load_settings
from jobs.store import Store

#: The blueprints, one a noun.
BLUEPRINTS = (
    analyses.blueprint,
    queued.blueprint,
    results.blueprint,
    jobs.blueprint,
    health.blueprint,
    home.blueprint,
    openapi.blueprint,
)

#: Largest text field of a form, bytes; files count for the whole body only.
LARGEST_FIELD = 2**20

#: Most fields and files of a form.
MOST_FIELDS = 32


def create_app(settings: Settings | None = None) -> Flask:
    """The API, with the settings of the environment unless others are given.

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
    app.extensions.update(set_up_desk(_desk(settings)))
    register_request_log(app)
    app.before_request(check_host)
    register_refusals(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _trust_proxies(app, settings.trusted_proxies)
    return app


def _desk(settings: Settings) -> Desk:
    store = Store(settings)
    return Desk(
        settings=settings,
        store=store,
        catalog=load_catalog(settings.analyses),
        options=options_schema(settings),
        pace=Pace(store),
    )


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_port=count, x_prefix=count
        )
