"""The service's application for servers other than its own."""

from flask import Flask

from app.factory import create_app
from jobs.logs import configure_logs
from jobs.settings import load_settings


def create() -> Flask:
    """The application, which logs as it does under its own server."""
    settings = load_settings()
    configure_logs(settings)
    return create_app(settings)
