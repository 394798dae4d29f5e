"""What the views of an application work with, for tests that look behind them."""

from flask import Flask

from app.desk import Desk


def desk_of(app: Flask) -> Desk:
    """What the application was set up with."""
    desk = app.extensions["coatcheck"]
    assert isinstance(desk, Desk)
    return desk
