"""RQ's dashboard below ``/rq``: who sees it, what it shows, and what it refuses."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from key_bearers import bearer
from page_visitor import OWN_PAGE, Visitor, place
from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.description.operations import operation_of
from app.factory import create_app
from jobs.api_keys import Scope
from jobs.queues.rq import queue_name
from jobs.settings import Settings

#: An id of a job, as ours are.
JOB = "01890a5d-ac96-774b-bcce-b302099a8057"

#: What the pages change, method and path; of a queue that is in Redis.
CHANGES = [
    f"/rq/job/{JOB}/delete",
    f"/rq/job/{JOB}/requeue",
    "/rq/requeue/{queue}",
    "/rq/queue/{queue}/queued/empty",
    "/rq/queue/{queue}/compact",
]


@pytest.fixture
def api_settings(settings: Settings) -> Settings:
    """Settings of an API that asks for keys and hands its jobs to RQ."""
    return replace(settings, analyses=("samples",), open=False, engine="rq")


@pytest.fixture
def redis(app: Flask) -> Redis:
    found = app.extensions["coatcheck"].store.redis
    assert isinstance(found, Redis)
    return found


@pytest.fixture
def queue(app: Flask, redis: Redis) -> Iterator[Queue]:
    """A queue as RQ workers of this service have it, with a job of ours in it."""
    made = Queue(
        queue_name(app.extensions["coatcheck"].settings.namespace, 5), connection=redis, serializer=JSONSerializer
    )
    made.enqueue("describe", job_id=JOB, description="describe")
    yield made
    made.delete(delete_jobs=True)


@pytest.fixture
def ops(app: Flask) -> Visitor:
    """A browser that an administrator has signed in with."""
    visitor = Visitor.of(app)
    assert visitor.sign_in(bearer(app, "ops", Scope.ADMIN).text).status_code == 303
    return visitor


@pytest.fixture
def controlling(api_settings: Settings) -> Iterator[Visitor]:
    """The same at a service whose dashboard may change things."""
    made = create_app(replace(api_settings, rq_dashboard_control=True))
    visitor = Visitor.of(made)
    visitor.sign_in(bearer(made, "ops", Scope.ADMIN).text)
    yield visitor
    made.extensions["coatcheck"].store.redis.close()


def slug(answer: object) -> str:
    return str(answer.json["type"]).rpartition("/")[2]  # type: ignore[attr-defined]


def test_it_is_there_only_with_rq_as_engine(api_settings: Settings) -> None:
    celery = create_app(replace(api_settings, engine="celery"))
    assert [rule.rule for rule in celery.url_map.iter_rules() if rule.rule.startswith("/rq")] == []


def test_every_page_is_for_administrators(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/rq")]
    operations = [operation_of(app.view_functions[rule.endpoint]) for rule in rules]
    assert len(rules) > 15
    assert {(each.scope, each.by_session, each.described) for each in operations if each} == {
        (Scope.ADMIN, True, False)
    }
    assert None not in operations


def test_the_description_leaves_the_pages_out(app: Flask) -> None:
    assert not [path for path in app.test_client().get("/openapi.json").json["paths"] if path.startswith("/rq")]


def test_a_browser_that_has_not_signed_in_is_led_to_the_page_for_that(app: Flask) -> None:
    answer = Visitor.of(app).get("/rq/0/view/jobs")
    assert (answer.status_code, place(answer)) == (303, "/sign-in?next=%2Frq%2F0%2Fview%2Fjobs")


@pytest.mark.parametrize("path", ["/rq/", "/rq/0/data/queues.json", "/rq/static/css/main.css", f"/rq/0/view/job/{JOB}"])
def test_nobody_sees_anything_without_a_key(app: Flask, path: str) -> None:
    client = app.test_client()
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer(app).header).status_code == 403


def test_a_program_of_an_administrator_may_look_by_its_key(app: Flask, queue: Queue) -> None:
    answer = bearer(app, "ops", Scope.ADMIN).get("/rq/0/data/queues.json")
    assert (queue.name, 1) in [(each["name"], each["count"]) for each in answer.json["queues"]]


def test_a_job_is_shown_under_its_id_and_the_name_of_its_analysis(ops: Visitor, queue: Queue) -> None:
    listed = ops.get(f"/rq/0/data/jobs/{queue.name}/queued/8/asc/1.json").json["jobs"]
    assert [(each["id"], each["description"]) for each in listed] == [(JOB, "describe")]
    shown = ops.get(f"/rq/0/data/job/{JOB}.json").json
    assert (shown["id"], shown["status"], shown["origin"]) == (JOB, "queued", queue.name)
    assert ops.get(f"/rq/0/view/job/{JOB}").status_code == 200


def test_a_worker_is_shown_under_its_name(ops: Visitor, queue: Queue, redis: Redis) -> None:
    worker = SimpleWorker([queue], name="coatcheck.host.7", connection=redis, serializer=JSONSerializer)
    worker.register_birth()
    try:
        shown = ops.get("/rq/0/data/workers.json").json["workers"]
    finally:
        worker.register_death()
    assert ("coatcheck.host.7", [queue.name]) in [(each["name"], each["queues"]) for each in shown]


def test_no_page_shows_where_redis_is(ops: Visitor, api_settings: Settings, queue: Queue) -> None:
    page = ops.get("/rq/").get_data(as_text=True)
    assert f"[0] {api_settings.namespace}" in page
    assert "redis.sock" not in page


def test_scripts_run_only_where_they_were_sent(ops: Visitor) -> None:
    answer = ops.get("/rq/")
    policy = answer.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    page = answer.get_data(as_text=True)
    assert page.count("<script") == page.count(f'<script nonce="{nonce}"') > 4
    assert "script-src 'unsafe-inline'" not in policy
    assert nonce not in ops.get("/rq/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/rq/1/",
        "/rq/7/data/queues.json",
        "/rq/0/view/jobs/');alert(1);('/queued/8/asc/1",
        "/rq/0/view/jobs/a%20b/queued/8/asc/1",
        "/rq/0/view/jobs/coatcheck/bogus/8/asc/1",
        "/rq/0/view/jobs/coatcheck/queued/8/up/1",
        "/rq/0/data/jobs/coatcheck/queued/x/asc/1.json",
        "/rq/0/data/jobs/coatcheck/queued/8/asc/0.json",
        "/rq/0/data/jobs/coatcheck/queued/9999/asc/1.json",
        "/rq/0/view/job/a:b",
        f"/rq/0/view/job/{JOB}",
        f"/rq/0/data/job/{JOB}.json",
    ],
)
def test_what_rq_can_not_have_is_not_found(ops: Visitor, path: str) -> None:
    answer = ops.get(path)
    assert (answer.status_code, slug(answer)) == (404, "not-found")


@pytest.mark.parametrize("path", CHANGES)
def test_it_changes_nothing_unless_that_is_set(ops: Visitor, queue: Queue, path: str) -> None:
    answer = ops.post(path.format(queue=queue.name))
    assert (answer.status_code, slug(answer)) == (403, "forbidden")
    assert queue.job_ids == [JOB]


@pytest.mark.parametrize("path", CHANGES)
def test_nothing_is_changed_by_a_get(controlling: Visitor, queue: Queue, path: str) -> None:
    assert controlling.get(path.format(queue=queue.name)).status_code == 405
    assert queue.job_ids == [JOB]


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}])
def test_another_site_changes_nothing(controlling: Visitor, queue: Queue, headers: dict[str, str]) -> None:
    answer = controlling.post(f"/rq/job/{JOB}/delete", **headers)
    assert (answer.status_code, slug(answer), queue.job_ids) == (403, "cross-site-request", [JOB])


def test_a_browser_that_does_not_say_where_it_is_changes_nothing(controlling: Visitor, queue: Queue) -> None:
    answer = controlling.client.post(f"/rq/job/{JOB}/delete")
    assert (answer.status_code, slug(answer), queue.job_ids) == (403, "cross-site-request", [JOB])


def test_its_own_pages_change_what_they_may(controlling: Visitor, queue: Queue) -> None:
    assert controlling.post(f"/rq/queue/{queue.name}/queued/empty").json == {"status": "OK"}
    assert queue.job_ids == []


def test_buttons_are_shown_only_where_they_work(ops: Visitor, controlling: Visitor, queue: Queue) -> None:
    pages = [
        each.get(f"/rq/0/view/jobs/{queue.name}/queued/8/asc/1").get_data(as_text=True) for each in (ops, controlling)
    ]
    assert ["Empty queue" in page for page in pages] == [False, True]
    assert ["#compact-btn, " in page for page in pages] == [True, False]


def test_an_open_service_shows_it_and_lets_only_its_own_pages_change_it(api_settings: Settings, queue: Queue) -> None:
    made = create_app(replace(api_settings, open=True, rq_dashboard_control=True))
    visitor = Visitor.of(made)
    change = f"/rq/queue/{queue.name}/queued/empty"
    assert visitor.get("/rq/").status_code == 200
    assert visitor.client.post(change, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert visitor.client.post(change, headers=OWN_PAGE).status_code == 200
    made.extensions["coatcheck"].store.redis.close()


class _Trap:
    """Runs code where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def test_nothing_is_unpickled(controlling: Visitor, queue: Queue, redis: Redis, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    trap = pickle.dumps(_Trap(mark))
    redis.hset(Job.key_for(JOB), mapping={"meta": trap, "data": trap, "result": trap})
    for path in (f"/rq/0/view/job/{JOB}", f"/rq/0/data/job/{JOB}.json", "/rq/0/data/workers.json"):
        controlling.get(path)
    for path in CHANGES:
        controlling.post(path.format(queue=queue.name))
    assert not mark.exists()
    # The trap works.
    pickle.loads(trap)  # noqa: S301 - it is our own
    assert mark.exists()


@pytest.mark.parametrize(
    ("engine", "behind_proxy", "linked"), [("rq", False, 1), ("celery", True, 1), ("celery", False, 0)]
)
def test_the_front_page_leads_to_dashboards_where_there_are_some(
    api_settings: Settings, engine: str, behind_proxy: bool, linked: int
) -> None:
    made = create_app(replace(api_settings, engine=engine, flower_behind_proxy=behind_proxy))
    page = Visitor.of(made).get("/").get_data(as_text=True)
    assert page.count('href="http://localhost/sign-in"') == linked


def test_the_page_for_signing_in_links_to_the_dashboards_that_there_are(api_settings: Settings) -> None:
    made = create_app(replace(api_settings, engine="celery", open=True, flower_behind_proxy=True))
    page = Visitor.of(made).get("/sign-in").get_data(as_text=True)
    assert ('href="/flower/"' in page, 'href="rq/"' in page) == (True, False)
