"""Who may use each route: every view says so, and only those listed here are for everybody."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response

from app.description.operations import Answer, Operation, documented, operation_of
from app.factory import create_app
from jobs.api_keys import Scope
from jobs.settings import Settings

#: What asks for no key; a route joins it only after somebody has thought about it.
PUBLIC = {"/", "/livez", "/readyz", "/openapi.json", "/problems/<slug>", "/sign-in", "/sign-out"}

#: What changes something and asks for no key, but for a form that only this service's own page can send.
BY_FORM = {("POST", "/sign-in"), ("POST", "/sign-out")}

#: What is public beside, whatever it is called below.
PUBLIC_PAGES = "/docs"

#: What `read` is enough for, though it is no GET.
READ_BY_POST: set[str] = set()

#: What `read` is not enough for, though it is a GET: whoever has the secret can sign as this service.
READ_NOT_ENOUGH = {"/webhooks/secret"}


@pytest.fixture
def app() -> Iterator[Flask]:
    """The API with the built-in analyses, where keys are asked for; Redis is not asked."""
    made = create_app(Settings())
    yield made
    made.extensions["coatcheck"].store.redis.close()


def scopes(app: Flask) -> dict[tuple[str, str], Scope | None]:
    """The scope of every method of every route."""
    found = {}
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        assert operation is not None, f"{rule.rule} does not say who may use it"
        found.update({(method, rule.rule): operation.scope for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}})
    return found


def test_only_what_is_listed_is_for_everybody(app: Flask) -> None:
    public = {path for (_, path), scope in scopes(app).items() if scope is None}
    assert {path for path in public if not path.startswith(PUBLIC_PAGES)} == PUBLIC


def test_what_is_for_everybody_changes_nothing_but_by_a_form_of_its_own(app: Flask) -> None:
    changing = {each for each, scope in scopes(app).items() if scope is None and each[0] != "GET"}
    assert changing == BY_FORM


def test_what_changes_something_needs_more_than_read(app: Flask) -> None:
    changing = {path for (method, path), scope in scopes(app).items() if method != "GET" and scope is Scope.READ}
    assert changing == READ_BY_POST


def test_looking_needs_no_more_than_read_but_at_secrets(app: Flask) -> None:
    guarded = {path for (method, path), scope in scopes(app).items() if method == "GET" and scope is Scope.SUBMIT}
    assert guarded == READ_NOT_ENOUGH


def test_without_a_key_every_route_but_the_public_ones_is_refused(app: Flask) -> None:
    client = app.test_client()
    for (method, path), scope in scopes(app).items():
        status = client.open(path.replace("<", "").replace(">", ""), method=method).status_code
        assert (status == 401) == (scope is not None), (method, path, status)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_methods_that_the_framework_adds_are_refused_without_a_key_too(app: Flask, method: str) -> None:
    assert app.test_client().open("/analysis", method=method).status_code == 401


def test_a_url_that_is_nothing_tells_so_without_a_key(app: Flask) -> None:
    client = app.test_client()
    assert (client.get("/nothing").status_code, client.post("/livez").status_code) == (404, 405)


def test_a_view_that_does_not_say_who_may_use_it_is_refused(app: Flask) -> None:
    app.add_url_rule("/forgotten", view_func=_forgotten)
    assert app.test_client().get("/forgotten").status_code == 500


def test_an_operation_cannot_be_described_without_a_scope() -> None:
    with pytest.raises(TypeError, match="scope"):
        Operation(answers={})  # type: ignore[call-arg]


def test_the_description_tells_which_scope_each_operation_needs(app: Flask) -> None:
    @app.get("/kept")
    @documented(Operation(scope=Scope.ADMIN, answers={200: Answer(description="Kept.")}))
    def kept() -> Response:
        """Show what only administrators see."""
        return Response("kept")

    described = app.test_client().get("/openapi.json").json
    assert described["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    assert described["paths"]["/kept"]["get"]["security"] == [{"ApiKey": ["admin"]}]
    assert described["paths"]["/livez"]["get"]["security"] == []
    assert {"401", "403", "503"} <= set(described["paths"]["/analysis"]["get"]["responses"])


def _forgotten() -> Response:
    return Response("what nobody may see")
