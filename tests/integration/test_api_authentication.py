"""API keys over HTTP and in Redis: who is let in, to what, and whose jobs they see."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from key_bearers import Bearer, bearer, ring_of
from submissions import NOTHING
from walking import NOBODY, hand_in, slug
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from app.description.operations import operation_of
from app.factory import create_app
from jobs.api_keys import Scope
from jobs.job import Cause, Failure
from jobs.leases import Leases
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis, RedisAddress

#: What no key reads like, sent as a key.
NO_KEYS = [
    "Bearer",
    "Bearer ",
    "bearer x",
    "Bearer ck_abcdefghijkl_" + "x" * 42,
    "Bearer ck_abcdefghijkl_" + "x" * 100_000,
    "Bearer ck_abcdefghijkl_" + "\xe4" * 43,
    "Bearer ck_abcdefghijkl_" + "x" * 43 + ", Bearer ck_abcdefghijkl_" + "x" * 43,
]

#: What is no bearer's.
OTHER_SCHEMES = ["Basic YWxpY2U6eA==", "Bear er", "x", "ck_abcdefghijkl_" + "x" * 43, "\xff", "Digest username=x"]


@pytest.fixture
def api_settings(settings: Settings) -> Settings:
    """Settings of an API that asks for keys."""
    return replace(settings, analyses=("samples", "tasks"), open=False)


@pytest.fixture
def alice(app: Flask) -> Bearer:
    return bearer(app)


@pytest.fixture
def open_app(api_settings: Settings) -> Iterator[Flask]:
    """An API that takes keys and asks for none."""
    made = create_app(replace(api_settings, open=True))
    yield made
    made.extensions["coatcheck"].store.redis.close()


def said_by(answer: TestResponse, *unlike: str) -> tuple[object, ...]:
    """Everything that an answer says, without what stands for the one who asks."""
    body = answer.get_data(as_text=True)
    for word in unlike:
        body = body.replace(word, "<id>")
    headers = {(name, value) for name, value in answer.headers if name not in ("X-Request-ID", "Content-Length")}
    return answer.status_code, body, headers


def test_with_a_key_a_job_is_handed_in_and_seen(alice: Bearer) -> None:
    assert alice.get(f"/jobs/{alice.hand_in()}").json["status"] == "queued"


def test_without_a_key_the_answer_asks_for_one(client: FlaskClient) -> None:
    answer = client.get(f"/jobs/{NOBODY}")
    assert (answer.status_code, slug(answer)) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="coatcheck"'
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("sent", NO_KEYS)
def test_what_is_no_key_is_refused(client: FlaskClient, sent: str) -> None:
    answer = client.get("/analysis", headers={"Authorization": sent})
    assert (answer.status_code, slug(answer)) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="coatcheck", error="invalid_token"'


@pytest.mark.parametrize("sent", OTHER_SCHEMES)
def test_other_schemes_are_refused(client: FlaskClient, sent: str) -> None:
    answer = client.get("/analysis", headers={"Authorization": sent})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="coatcheck"')


def test_two_headers_are_refused_though_both_are_good(client: FlaskClient, alice: Bearer) -> None:
    twice = Headers([("Authorization", f"Bearer {alice.text}")] * 2)
    assert client.get("/analysis", headers=twice).status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer   "])
def test_the_scheme_is_written_in_any_case(client: FlaskClient, alice: Bearer, scheme: str) -> None:
    assert client.get("/analysis", headers={"Authorization": f"{scheme} {alice.text}"}).status_code == 200


def test_a_key_in_the_url_is_none(client: FlaskClient, alice: Bearer) -> None:
    assert client.get(f"/analysis?api_key={alice.text}&access_token={alice.text}").status_code == 401


def test_an_unknown_id_and_a_wrong_secret_are_answered_alike(client: FlaskClient, alice: Bearer) -> None:
    wrong = alice.text[:16] + ("A" if alice.text[16] != "A" else "B") + alice.text[17:]
    unknown = f"ck_{'0' * 12}_{alice.text[16:]}"
    answers = [client.get("/analysis", headers={"Authorization": f"Bearer {text}"}) for text in (wrong, unknown)]
    assert answers[0].status_code == 401
    assert said_by(answers[0]) == said_by(answers[1])


def test_an_expired_key_is_refused(app: Flask) -> None:
    assert bearer(app, days=0).get("/analysis").status_code == 401


def test_a_key_that_expires_tomorrow_is_good(app: Flask) -> None:
    assert bearer(app, days=1).get("/analysis").status_code == 200


def test_a_revoked_key_is_refused(app: Flask, alice: Bearer) -> None:
    ring_of(app).revoke(alice.id)
    assert alice.get("/analysis").status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path", "wanted"),
    [
        (Scope.READ, "POST", "/analysis/double/run", "submit"),
        (Scope.READ, "DELETE", f"/jobs/{NOBODY}", "submit"),
        (Scope.SUBMIT, "GET", "/analysis", "read"),
        (Scope.SUBMIT, "GET", f"/queuedResource/{NOBODY}/status", "read"),
    ],
)
def test_a_key_opens_only_what_it_is_for(app: Flask, scope: Scope, method: str, path: str, wanted: str) -> None:
    answer = bearer(app, "alice", scope).ask(method, path)
    assert (answer.status_code, slug(answer), answer.json["scope"]) == (403, "forbidden", wanted)
    told = f'Bearer realm="coatcheck", error="insufficient_scope", scope="{wanted}"'
    assert answer.headers["WWW-Authenticate"] == told


def test_jobs_belong_to_the_name_so_a_key_can_be_replaced(app: Flask, alice: Bearer) -> None:
    job_id = alice.hand_in()
    second = bearer(app, "alice")
    ring_of(app).revoke(alice.id)
    assert second.get(f"/jobs/{job_id}").status_code == 200


def jobs_in_every_state(owner: Bearer, leases: Leases) -> list[str]:
    """Jobs of the owner: queued, running, succeeded, failed, canceled."""
    queued, running, succeeded, failed, canceled = (owner.hand_in() for _ in range(5))
    leases.claim(running)
    leases.succeed(leases.claim(succeeded), b'{"doubled":2}', metrics=NOTHING)
    leases.fail(leases.claim(failed), Failure(cause=Cause.CRASHED, message="It failed."), metrics=NOTHING)
    owner.ask("DELETE", f"/jobs/{canceled}")
    return [queued, running, succeeded, failed, canceled]


def batches(owner: Bearer) -> list[str]:
    answer = owner.ask("POST", "/analysis/double/batch", json={"items": [{"params": {"number": 1}}]})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return [str(answer.json["id"])]


def routes_with(app: Flask, *arguments: str) -> list[tuple[str, str]]:
    """Method and path of every route with one of these arguments."""
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
        if rule.arguments & {*arguments}
    ]


def test_every_route_with_somebody_s_own_thing_is_tried_below(app: Flask) -> None:
    kept = [rule for rule in app.url_map.iter_rules() if operation_of(app.view_functions[rule.endpoint]).scope]
    others = {
        argument
        for rule in kept
        if not rule.arguments & {"job_id", "batch_id", "dataset_id"}
        for argument in rule.arguments
    }
    # The name of an analysis is nobody's own. Whatever else comes must be tried as jobs are.
    assert others == {"name"}


def test_somebody_else_s_job_is_answered_like_none_at_every_route(app: Flask, alice: Bearer, leases: Leases) -> None:
    mallory = bearer(app, "mallory")
    for job_id in jobs_in_every_state(alice, leases):
        before = alice.get(f"/jobs/{job_id}").get_data()
        for method, rule in routes_with(app, "job_id"):
            hers, nobodys = (mallory.ask(method, rule.replace("<job_id>", one)) for one in (job_id, NOBODY))
            assert hers.status_code == 404, (method, rule)
            assert said_by(hers, job_id) == said_by(nobodys, NOBODY), (method, rule)
        assert alice.get(f"/jobs/{job_id}").get_data() == before


def test_somebody_else_s_batch_is_answered_like_none_at_every_route(app: Flask, alice: Bearer) -> None:
    mallory = bearer(app, "mallory")
    for batch_id in batches(alice):
        for method, rule in routes_with(app, "batch_id"):
            hers, nobodys = (mallory.ask(method, rule.replace("<batch_id>", one)) for one in (batch_id, NOBODY))
            assert hers.status_code == 404, (method, rule)
            assert said_by(hers, batch_id) == said_by(nobodys, NOBODY), (method, rule)
        assert alice.get(f"/batches/{batch_id}").status_code == 200


def test_somebody_else_s_data_set_is_answered_like_none_at_every_route(app: Flask, alice: Bearer) -> None:
    mallory = bearer(app, "mallory")
    made = alice.ask("POST", "/datasets", data=b"a,b\n1,2\n", content_type="text/csv").json["id"]
    for method, rule in routes_with(app, "dataset_id"):
        hers, nobodys = (mallory.ask(method, rule.replace("<dataset_id>", one)) for one in (made, NOBODY))
        assert hers.status_code == 404, (method, rule)
        assert said_by(hers, made) == said_by(nobodys, NOBODY), (method, rule)
    assert alice.get(f"/datasets/{made}").status_code == 200


def test_nobody_s_list_has_somebody_else_s_jobs(app: Flask, alice: Bearer) -> None:
    job_id = alice.hand_in()
    mallory = bearer(app, "mallory")
    listed = [[job["id"] for job in who.get("/jobs").json["jobs"]] for who in (alice, mallory)]
    assert listed == [[job_id], []]


def test_an_administrator_sees_and_cancels_everybody_s_jobs(app: Flask, alice: Bearer) -> None:
    job_id = alice.hand_in()
    admin = bearer(app, "root", Scope.ADMIN)
    assert admin.get(f"/jobs/{job_id}").status_code == 200
    assert [job["id"] for job in admin.get("/jobs").json["jobs"]] == [job_id]
    assert admin.ask("DELETE", f"/jobs/{job_id}").json["status"] == "canceled"


def test_a_job_that_an_administrator_runs_again_stays_its_owner_s(app: Flask, alice: Bearer) -> None:
    job_id = alice.hand_in()
    alice.ask("DELETE", f"/jobs/{job_id}")
    again = bearer(app, "root", Scope.ADMIN).ask("POST", f"/jobs/{job_id}/retry").json["id"]
    assert alice.get(f"/jobs/{again}").status_code == 200


def test_an_open_api_serves_whoever_has_no_key(open_app: Flask) -> None:
    client = open_app.test_client()
    assert client.get(f"/jobs/{hand_in(client)}").status_code == 200


def test_an_open_api_still_looks_at_a_key_that_is_sent(open_app: Flask) -> None:
    client = open_app.test_client()
    refused = client.get("/analysis", headers={"Authorization": f"Bearer ck_{'0' * 12}_{'x' * 43}"})
    assert refused.status_code == 401
    assert bearer(open_app).get("/analysis").status_code == 200


def test_in_an_open_api_those_with_and_without_a_key_do_not_see_each_other(open_app: Flask) -> None:
    client, alice = open_app.test_client(), bearer(open_app)
    anonymous, hers = hand_in(client), alice.hand_in()
    assert alice.get(f"/jobs/{anonymous}").status_code == 404
    assert client.get(f"/jobs/{hers}").status_code == 404


def test_an_open_api_makes_nobody_an_administrator(open_app: Flask) -> None:
    alice = bearer(open_app)
    alice.hand_in()
    assert open_app.test_client().get("/jobs").json["jobs"] == []


def test_an_open_api_leaves_a_proxy_s_own_authentication_alone(open_app: Flask) -> None:
    answer = open_app.test_client().get("/analysis", headers={"Authorization": "Basic YWxpY2U6eA=="})
    assert answer.status_code == 200


def test_the_log_names_the_caller_and_never_the_key(
    app: Flask, alice: Bearer, capfd: pytest.CaptureFixture[str]
) -> None:
    alice.get("/analysis")
    bearer(app, "mallory", Scope.SUBMIT).get("/analysis")
    alice.client.get("/analysis", headers={"Authorization": f"Bearer {alice.text}x"})
    said = "".join(capfd.readouterr())
    assert "caller=alice" in said
    assert f"key_id={alice.id}" in said
    assert alice.text[16:] not in said


def test_redis_holds_no_secret(app: Flask, alice: Bearer) -> None:
    alice.hand_in()
    redis = app.extensions["coatcheck"].store.redis
    assert redis.hkeys(app.extensions["coatcheck"].store.keys.api_keys) == [alice.id.encode()]
    everything = b"".join(redis.dump(key) or b"" for key in redis.scan_iter("*"))
    assert alice.text[16:].encode() not in everything


def test_a_key_costs_no_round_trip_for_each_request(app: Flask, alice: Bearer) -> None:
    redis = app.extensions["coatcheck"].store.redis
    alice.get("/analysis")
    before = redis.info("commandstats")["cmdstat_hget"]["calls"]
    for _ in range(20):
        alice.get("/analysis")
    assert redis.info("commandstats")["cmdstat_hget"]["calls"] == before


def test_the_ring_lists_keys_oldest_first_with_what_they_are(app: Flask) -> None:
    ring = ring_of(app)
    first, _ = ring.make("alice", [Scope.READ], days=1, rate=5)
    second, _ = ring.make("bob", [Scope.SUBMIT])
    assert {key.id: key for key in ring.all()} == {first.id: first, second.id: second}
    assert [key.created for key in ring.all()] == sorted([first.created, second.created])
    assert (first.expires, first.rate) == (first.created + 24 * 3600 * 1000, 5)


def test_only_good_keys_are_counted(app: Flask) -> None:
    ring = ring_of(app)
    ring.revoke(ring.make("alice", [Scope.READ])[0].id)
    ring.make("bob", [Scope.READ], days=0)
    ring.make("carol", [Scope.READ])
    assert ring.count_good() == 1


def test_revoking_again_changes_nothing(app: Flask) -> None:
    ring = ring_of(app)
    key, _ = ring.make("alice", [Scope.READ])
    first = ring.revoke(key.id)
    assert first is not None
    assert first.revoked is not None
    assert ring.revoke(key.id) == first == ring.find(key.id)


def test_there_is_no_revoking_what_is_not_there(app: Flask) -> None:
    assert ring_of(app).revoke("nosuchkey123") is None


def test_the_keys_of_another_service_in_the_same_redis_open_nothing(api_settings: Settings, alice: Bearer) -> None:
    other = create_app(replace(api_settings, namespace=f"{api_settings.namespace}-other"))
    assert other.test_client().get("/analysis", headers=alice.header).status_code == 401
    other.extensions["coatcheck"].store.redis.close()


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis that the test may stop."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-") as folder,
        EmbeddedRedis(data_dir=Path(folder), address=RedisAddress(socket=Path(folder, "redis.sock"))) as server,
    ):
        yield server


@pytest.fixture
def breakable(api_settings: Settings, own_redis: EmbeddedRedis) -> Iterator[Flask]:
    """An API that asks for keys, on a Redis that the test may stop."""
    made = create_app(replace(api_settings, redis_url=own_redis.url))
    yield made
    made.extensions["coatcheck"].store.redis.close()


@pytest.mark.parametrize("outage", ["kill", "pause"])
def test_without_redis_a_key_that_is_not_known_yet_is_503_within_2_s(
    breakable: Flask, own_redis: EmbeddedRedis, outage: str
) -> None:
    alice = bearer(breakable)
    getattr(own_redis, outage)()
    began = time.monotonic()
    answer = alice.get("/analysis")
    took = time.monotonic() - began
    if outage == "pause":
        own_redis.resume()
    assert (answer.status_code, slug(answer), answer.headers["Retry-After"]) == (503, "store-unavailable", "1")
    assert took < 2


def test_without_redis_a_key_that_is_known_still_opens_what_needs_no_redis(
    breakable: Flask, own_redis: EmbeddedRedis
) -> None:
    alice = bearer(breakable)
    alice.get("/analysis")
    own_redis.kill()
    assert (alice.get("/analysis").status_code, alice.get(f"/jobs/{NOBODY}").status_code) == (200, 503)


def test_without_redis_what_is_no_key_is_refused_all_the_same(breakable: Flask, own_redis: EmbeddedRedis) -> None:
    own_redis.kill()
    client = breakable.test_client()
    answers = [client.get("/analysis"), client.get("/analysis", headers={"Authorization": "Bearer x"})]
    assert [answer.status_code for answer in answers] == [401, 401]


def test_without_redis_the_public_routes_heed_no_key(breakable: Flask, own_redis: EmbeddedRedis) -> None:
    alice = bearer(breakable)
    own_redis.kill()
    assert [alice.get(path).status_code for path in ("/", "/livez", "/openapi.json")] == [200, 200, 200]
