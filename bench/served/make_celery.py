"""What ``celery -A make_celery`` runs: the Celery application of the common pattern."""

from flask_celery import create_app

celery_app = create_app().extensions["celery"]
