"""The URLs of Redis and of another broker: what they say, and what they can't say."""

import ssl

import pytest

from jobs.broker_url import parse_broker_url
from jobs.redis_url import RedisUrl, parse_redis_url

SENTINELS = "sentinel://me:p%40ss@a:1,[::1],c/2?master=front&sentinel_password=w"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://host", RedisUrl(scheme="redis", nodes=(("host", 6379),))),
        ("redis://host:1/2", RedisUrl(scheme="redis", nodes=(("host", 1),), database=2)),
        ("redis://host:1/0?db=3", RedisUrl(scheme="redis", nodes=(("host", 1),), database=3)),
        ("redis://:p%2Fw@host/", RedisUrl(scheme="redis", nodes=(("host", 6379),), password="p/w")),
        ("redis://[::1]:7/0", RedisUrl(scheme="redis", nodes=(("::1", 7),))),
        ("unix:///a%20b.sock?db=4", RedisUrl(scheme="unix", path="/a b.sock", database=4)),
        ("unix://me:pw@/a.sock", RedisUrl(scheme="unix", path="/a.sock", username="me", password="pw")),
        (
            SENTINELS,
            RedisUrl(
                scheme="sentinel",
                nodes=(("a", 1), ("::1", 26379), ("c", 26379)),
                database=2,
                username="me",
                password="p@ss",
                master="front",
                sentinel_password="w",
            ),
        ),
    ],
)
def test_a_url_says_where_redis_is(url: str, said: RedisUrl) -> None:
    assert parse_redis_url(url) == said


def test_certificates_and_names_are_checked_unless_told() -> None:
    usual = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    assert parse_redis_url("redis://host/0").tls is None
    assert parse_redis_url("rediss://host/0").tls == usual
    assert parse_redis_url("sentinel://host/0?master=front").tls is None
    told = "ssl=true&ssl_ca_certs=/ca.pem&ssl_check_hostname=false"
    assert parse_redis_url(f"sentinel://host/0?master=front&{told}").tls == {
        **usual,
        "ssl_ca_certs": "/ca.pem",
        "ssl_check_hostname": False,
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host:6379",
        "http://host",
        "redis://",
        "redis://host/name",
        "redis://host:port/0",
        "redis://host:99999/0",
        "redis://host/0#fragment",
        "redis://a,b/0",
        "redis://a b/0",
        "redis://host/0?unknown=1",
        "redis://host/0?socket_timeout=60",
        "redis://host/0?db=1&db=2",
        "redis://host/0?ssl_ca_certs=/ca.pem",
        "rediss://host/0?ssl_cert_reqs=perhaps",
        "rediss://host/0?ssl_check_hostname=perhaps",
        "unix://",
        "sentinel://host/0",
        "sentinel://host,/0?master=front",
        "sentinel://host/0?master=front&ssl_ca_certs=/ca.pem",
    ],
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_redis_url(url)


def test_no_password_is_shown_by_chance() -> None:
    shown = repr(parse_redis_url(SENTINELS)) + repr(parse_broker_url("amqp://me:p%40ss@host"))
    assert "p@ss" not in shown
    assert "'w'" not in shown


def test_a_broker_is_asked_as_guest_at_its_usual_port_unless_told() -> None:
    usual, told = parse_broker_url("amqp://host"), parse_broker_url("amqp://me:p%2Fw@[::1]:1/%2Fours")
    assert usual is not None
    assert told is not None
    assert usual.for_kombu == "amqp://guest:guest@host:5672/%2F"
    assert told.for_kombu == "amqp://me:p%2Fw@[::1]:1/%2Fours"
    assert (told.username, told.password, told.virtual_host, told.place) == ("me", "p/w", "/ours", "[::1]:1")


def test_a_broker_by_tls_has_to_show_a_certificate_of_its_name() -> None:
    told = parse_broker_url("amqps://host/?ssl_ca_certs=/ca.pem&ssl_certfile=/me.crt&ssl_keyfile=/me.key")
    assert told is not None
    assert told.port == 5671
    assert told.tls == {
        "ca_certs": "/ca.pem",
        "certfile": "/me.crt",
        "keyfile": "/me.key",
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": "host",
    }


def test_without_a_url_redis_is_the_broker() -> None:
    assert parse_broker_url("") is None


@pytest.mark.parametrize(
    "url",
    [
        "host",
        "redis://host",
        "amqp://",
        "amqp://host:port",
        "amqp://host/#a",
        "amqp://a b/",
        "amqp://host/?heartbeat=1",
        "amqp://host/?ssl_ca_certs=/ca.pem",
        "amqps://host/?ssl_cert_reqs=none",
    ],
)
def test_a_broker_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_broker_url(url)
