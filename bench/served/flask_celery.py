"""Flask's documented pattern for background tasks, as an application and a Celery application around one task.

Source: https://flask.palletsprojects.com/en/stable/patterns/celery/ - a shared task with a stored result, ``delay`` to
submit it, ``AsyncResult`` to poll it, Redis as broker and as result backend, no other configuration.
"""

import os

from celery import Celery, Task, shared_task
from celery.result import AsyncResult
from flask import Flask, request


@shared_task(ignore_result=False)
def add_together(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


def create_app() -> Flask:
    """The application with its two views."""
    app = Flask(__name__)
    app.config["CELERY"] = {
        "broker_url": os.environ["BENCH_REDIS_URL"],
        "result_backend": os.environ["BENCH_REDIS_URL"],
        "task_ignore_result": True,
    }
    _begin_celery(app)
    app.add_url_rule("/add", view_func=start_add, methods=["POST"])
    app.add_url_rule("/result/<task_id>", view_func=show_result)
    return app


def start_add() -> dict[str, object]:
    """Submits a task."""
    a = request.form.get("a", type=int)
    b = request.form.get("b", type=int)
    return {"result_id": add_together.delay(a, b).id}


def show_result(task_id: str) -> dict[str, object]:
    """Polls a task."""
    result = AsyncResult(task_id)
    ready = result.ready()
    return {
        "ready": ready,
        "successful": result.successful() if ready else None,
        "value": result.get() if ready else result.result,
    }


def _begin_celery(app: Flask) -> None:
    """Tasks run inside the application's context, as the page has it."""

    class ContextTask(Task):  # type: ignore[misc]
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery = Celery(app.name, task_cls=ContextTask)
    celery.config_from_object(app.config["CELERY"])
    celery.set_default()
    app.extensions["celery"] = celery
