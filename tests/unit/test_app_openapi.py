"""The architecture of the API: every route is described, every error mapped, nothing heavy imported."""

import inspect
import re
import subprocess
import sys

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

import jobs.errors
from app import urls
from app.description.examples import EXAMPLES
from app.description.openapi import OF_ANALYSES
from app.description.operations import operation_of
from app.factory import create_app
from app.problem_advice import ADVICE
from app.problems import PROBLEM_TYPES
from app.refusals import OF_HTTP, OF_JOBS
from jobs.errors import JobsError
from jobs.settings import Settings


@pytest.fixture(scope="module")
def app() -> Flask:
    """The API with the built-in analyses; Redis is not asked."""
    return create_app(Settings())


@pytest.fixture(scope="module")
def description(app: Flask) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = app.test_client().get("/openapi.json").json
    return found


def operations_of_routes(app: Flask) -> set[tuple[str, str]]:
    """Method and path of every route, the path as the description writes it."""
    names = list(app.extensions["coatcheck"].catalog)
    found = set()
    for rule in app.url_map.iter_rules():
        each = rule.rule in OF_ANALYSES
        paths = [rule.rule.replace("<name>", name) for name in names] if each else [rule.rule]
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found |= {(method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)) for path in paths for method in methods}
    return found


def test_the_description_is_valid(description: dict[str, object]) -> None:
    validate(description)


def test_every_route_is_described_and_nothing_else(app: Flask, description: dict[str, dict[str, object]]) -> None:
    described = {(method, path) for path, methods in description["paths"].items() for method in methods}
    assert described == operations_of_routes(app)


def test_every_operation_has_an_id_of_its_own(description: dict[str, dict[str, dict[str, dict[str, str]]]]) -> None:
    ids = [said["operationId"] for methods in description["paths"].values() for said in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_view_says_what_it_answers(app: Flask) -> None:
    silent = [name for name, view in app.view_functions.items() if operation_of(view) is None or not view.__doc__]
    assert silent == []


def test_every_problem_that_a_view_names_is_a_type(app: Flask) -> None:
    operations = [operation_of(view) for view in app.view_functions.values()]
    named = {slug for operation in operations if operation for slug in operation.problems}
    assert named <= set(PROBLEM_TYPES)


def test_every_type_of_problem_is_named_by_some_operation(app: Flask) -> None:
    operations = [operation_of(view) for view in app.view_functions.values()]
    named = {slug for operation in operations if operation for slug in operation.problems}
    # These come from no view: no route was found, or any could meet them.
    assert set(PROBLEM_TYPES) - named == {
        "bad-request",
        "unauthorized",
        "forbidden",
        "cross-site-request",
        "unknown-host",
        "method-not-allowed",
        "internal-error",
    }


def test_every_type_of_problem_comes_with_advice() -> None:
    assert set(ADVICE) == set(PROBLEM_TYPES)


@pytest.mark.parametrize("slug", sorted(PROBLEM_TYPES))
def test_every_type_of_problem_has_a_page(app: Flask, slug: str) -> None:
    page = app.test_client().get(f"/problems/{slug}", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert PROBLEM_TYPES[slug].title in page.get_data(as_text=True).replace("&#39;", "'")


def test_every_example_is_as_described(description: dict[str, dict[str, dict[str, object]]]) -> None:
    schemas = {"$schema": "https://json-schema.org/draft/2020-12/schema", **description}
    wrong = [
        (name, error.message)
        for name, example in EXAMPLES.items()
        for error in Draft202012Validator({**schemas, "$ref": f"#/components/schemas/{name}"}).iter_errors(example)
    ]
    assert wrong == []


def test_every_error_of_jobs_is_mapped() -> None:
    errors = {error for _, error in inspect.getmembers(jobs.errors, inspect.isclass) if issubclass(error, JobsError)}
    assert set(OF_JOBS) == errors - {JobsError}


def test_every_error_is_mapped_to_a_type_of_problem() -> None:
    assert {*OF_JOBS.values(), *OF_HTTP.values()} <= set(PROBLEM_TYPES)


def test_the_status_of_an_error_of_http_is_that_of_its_problem() -> None:
    assert {status: PROBLEM_TYPES[slug].status for status, slug in OF_HTTP.items()} == {code: code for code in OF_HTTP}


def test_every_path_that_answers_name_is_a_route(app: Flask) -> None:
    named = [path for name, path in inspect.getmembers(urls, inspect.isfunction) if name.endswith("_path")]
    paths = [path(*(["x", "figure", "y"][: len(inspect.signature(path).parameters)])) for path in named]
    adapter = app.url_map.bind("localhost")
    assert len(paths) >= 9
    assert all(adapter.allowed_methods(path) for path in paths)


def test_no_view_reaches_behind_the_desk(app: Flask) -> None:
    sources = {inspect.getmodule(view) for view in app.view_functions.values()}
    assert [module for module in sources if module and "redis" in vars(module)] == []


@pytest.mark.parametrize("package", ["numpy", "pandas", "sklearn", "scipy", "celery", "kombu", "worker", "stack"])
def test_a_process_that_serves_the_api_does_not_import(package: str, loaded: set[str]) -> None:
    assert package not in loaded


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The top-level modules of a process that has made the application and described it."""
    script = (
        "from app.factory import create_app\nfrom jobs.settings import Settings\n"
        "import app.serving.server, app.serving.connections\n"
        "create_app(Settings(log_level='error')).test_client().get('/openapi.json')\n"
        "import sys; print('loaded:', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("loaded:")[2].split())
