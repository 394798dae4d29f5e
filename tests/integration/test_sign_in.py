"""Signing in by a browser: who gets in, for how long, and what the cookie opens."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from key_bearers import Bearer, bearer, ring_of
from page_visitor import Visitor, cookies_of, place
from werkzeug.middleware.proxy_fix import ProxyFix

from app.access import known_keys
from app.factory import create_app
from jobs import failed_sign_ins
from jobs.api_keys import Scope
from jobs.settings import Settings

#: Answers of a page that asks for a key again, by what was sent.
NO_KEYS = ["", "x", "Bearer x", "ck_abcdefghijkl_" + "x" * 43, "\x00", "ö" * 100]


@pytest.fixture
def api_settings(settings: Settings) -> Settings:
    """Settings of an API that asks for keys."""
    return replace(settings, analyses=("samples",), open=False)


@pytest.fixture
def admin(app: Flask) -> Bearer:
    return bearer(app, "ops", Scope.ADMIN)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor.of(app)


@pytest.fixture
def signed_in(visitor: Visitor, admin: Bearer) -> Visitor:
    assert visitor.sign_in(admin.text).status_code == 303
    return visitor


@pytest.fixture
def open_app(api_settings: Settings) -> Iterator[Flask]:
    """An API that asks for no keys."""
    made = create_app(replace(api_settings, open=True))
    yield made
    made.extensions["coatcheck"].store.redis.close()


def test_an_administrator_gets_in_by_their_key(visitor: Visitor, admin: Bearer) -> None:
    refused = visitor.get("/authorize?scope=admin")
    visitor.sign_in(admin.text)
    assert (refused.status_code, visitor.get("/authorize?scope=admin").status_code) == (303, 204)


def test_the_page_says_who_has_signed_in(signed_in: Visitor) -> None:
    assert "<strong>ops</strong>" in signed_in.get("/sign-in").get_data(as_text=True)


@pytest.mark.parametrize("key", NO_KEYS)
def test_what_is_no_key_is_refused_and_asked_for_again(visitor: Visitor, key: str) -> None:
    answer = visitor.sign_in(key)
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert visitor.get("/authorize").status_code == 303


def test_a_key_that_is_no_administrators_does_not_get_in(app: Flask, visitor: Visitor) -> None:
    answer = visitor.sign_in(bearer(app).text)
    assert (answer.status_code, "lacks the scope admin" in answer.get_data(as_text=True)) == (403, True)
    assert visitor.get("/authorize").status_code == 303


def test_the_cookie_is_for_this_service_only_and_for_no_script(visitor: Visitor, admin: Bearer) -> None:
    session = cookies_of(visitor.sign_in(admin.text))["coatcheck-session"]
    assert (session["httponly"], session["samesite"], session["path"], session["secure"]) == (True, "Strict", "/", "")
    assert (session["max-age"], session["expires"], session["domain"]) == ("", "", "")


def test_over_tls_the_cookie_is_sent_over_tls_only(admin: Bearer, visitor: Visitor) -> None:
    visitor.base = "https://localhost"
    session = cookies_of(visitor.sign_in(admin.text))["__Secure-coatcheck-session"]
    assert session["secure"]
    assert visitor.get("/authorize").status_code == 204


def test_what_the_browser_has_is_kept_nowhere(app: Flask, visitor: Visitor, admin: Bearer) -> None:
    said = cookies_of(visitor.sign_in(admin.text))["coatcheck-session"].value
    redis = app.extensions["coatcheck"].store.redis
    kept = [*redis.scan_iter(f"{app.extensions['coatcheck'].store.keys.namespace}:session:*")]
    assert (len(kept), len(said) >= 43) == (1, True)
    assert said.encode() not in kept[0] + redis.get(kept[0])


def test_the_cookie_opens_nothing_of_the_api(signed_in: Visitor) -> None:
    assert signed_in.get("/jobs").status_code == 401
    assert signed_in.post("/analysis/double/run", {}).status_code == 401


def test_signing_in_begins_a_session_of_its_own(signed_in: Visitor, admin: Bearer) -> None:
    planted = signed_in.client.get_cookie("coatcheck-session").value
    # The page shows no form to who has signed in, so this one is of another window.
    other = Visitor(signed_in.client)
    signed_in.client.delete_cookie("coatcheck-session")
    token = other.field("token")
    signed_in.client.set_cookie("coatcheck-session", planted)
    other.post("/sign-in", {"key": admin.text, "token": token})
    assert signed_in.client.get_cookie("coatcheck-session").value != planted
    signed_in.client.set_cookie("coatcheck-session", planted)
    assert signed_in.get("/authorize").status_code == 303


def test_a_session_ends_when_it_is_signed_out(signed_in: Visitor) -> None:
    kept = signed_in.client.get_cookie("coatcheck-session").value
    answer = signed_in.sign_out()
    assert (answer.status_code, place(answer)) == (303, "/sign-in")
    assert signed_in.client.get_cookie("coatcheck-session") is None
    signed_in.client.set_cookie("coatcheck-session", kept)
    assert signed_in.get("/authorize").status_code == 303


def test_signing_out_twice_does_no_harm(visitor: Visitor) -> None:
    assert visitor.post("/sign-out").status_code == 303


def test_a_session_ends_with_its_key(
    app: Flask, visitor: Visitor, admin: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A key is believed for some seconds, which are not what is tested here.
    monkeypatch.setattr(known_keys, "TRUSTED", 0.0)
    visitor.sign_in(admin.text)
    assert visitor.get("/authorize").status_code == 204
    ring_of(app).revoke(admin.id)
    assert visitor.get("/authorize").status_code == 303


def test_a_session_lasts_as_long_as_is_set(app: Flask, signed_in: Visitor) -> None:
    store = app.extensions["coatcheck"].store
    (place_of,) = store.redis.scan_iter(f"{store.keys.namespace}:session:*")
    assert 0 < store.redis.pttl(place_of) <= store.settings.session_ttl * 1000
    store.redis.pexpire(place_of, 0)
    assert signed_in.get("/authorize").status_code == 303


@pytest.mark.parametrize("form", ["/sign-in", "/sign-out"])
@pytest.mark.parametrize("token", ["", "x", "sign-in.x.y", "other"])
def test_a_form_without_its_token_is_refused(signed_in: Visitor, admin: Bearer, form: str, token: str) -> None:
    sent = {"token": Visitor.of(signed_in.client.application).field("token") if token == "other" else token}
    answer = signed_in.post(form, {"key": admin.text, **sent})
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert signed_in.get("/authorize").status_code == 204


def test_the_token_of_one_form_is_none_for_the_other(visitor: Visitor, admin: Bearer) -> None:
    token = visitor.field("token")
    visitor.client.set_cookie("coatcheck-session", visitor.client.get_cookie("coatcheck-form").value)
    assert visitor.post("/sign-out", {"token": token}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_form_that_another_page_sends_is_refused(visitor: Visitor, admin: Bearer, headers: dict[str, str]) -> None:
    assert visitor.sign_in(admin.text, **headers).status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 303),
        ("https://localhost", 303),
        ("http://localhost:8080", 403),
        ("http://localhost.example.org", 403),
        ("null", 403),
        ("http://[", 403),
        ("", 403),
    ],
)
def test_where_a_browser_tells_only_the_origin_that_counts(
    visitor: Visitor, admin: Bearer, origin: str, status: int
) -> None:
    token = visitor.field("token")
    sent = visitor.client.post("/sign-in", data={"key": admin.text, "token": token}, headers={"Origin": origin})
    assert sent.status_code == status


def test_after_many_failures_nobody_gets_in_from_there_for_a_while(app: Flask, admin: Bearer, visitor: Visitor) -> None:
    tried = [visitor.sign_in("x").status_code for _ in range(failed_sign_ins.MOST)]
    answer = visitor.sign_in(admin.text)
    assert (tried, answer.status_code) == ([401] * failed_sign_ins.MOST, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= failed_sign_ins.WINDOW
    elsewhere = Visitor.of(app)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.sign_in(admin.text).status_code == 303


def test_failures_are_forgotten_in_time(app: Flask, admin: Bearer, visitor: Visitor) -> None:
    for _ in range(failed_sign_ins.MOST):
        visitor.sign_in("x")
    store = app.extensions["coatcheck"].store
    (counted,) = store.redis.scan_iter(f"{store.keys.namespace}:failed-sign-ins:*")
    assert 0 < store.redis.ttl(counted) <= failed_sign_ins.WINDOW
    store.redis.pexpire(counted, 0)
    assert visitor.sign_in(admin.text).status_code == 303


def test_a_browser_is_led_to_the_page_and_back(visitor: Visitor, admin: Bearer) -> None:
    visitor.headers["X-Forwarded-Uri"] = "/flower/tasks?sort=name&search=%C3%BC"
    led = visitor.get("/authorize?scope=admin")
    assert (led.status_code, led.headers["Cache-Control"]) == (303, "no-store")
    next_page = visitor.field("next", place(led)).replace("&amp;", "&")
    assert place(visitor.sign_in(admin.text, next_page=next_page)) == "/flower/tasks?sort=name&search=%C3%BC"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil.example",
        "/a\r\nSet-Cookie: evil=1",
        "/" + "evil" * 1000,
    ],
)
def test_nobody_is_led_elsewhere(app: Flask, admin: Bearer, elsewhere: str) -> None:
    visitor = Visitor.of(app)
    assert visitor.get("/sign-in").status_code == 200
    shown = visitor.client.get("/sign-in", query_string={"next": elsewhere}).get_data(as_text=True)
    assert "evil" not in shown
    answer = visitor.sign_in(admin.text, next_page=elsewhere)
    assert answer.headers["Location"] == "http://localhost/sign-in"


def test_a_program_is_told_that_a_key_is_missing(app: Flask) -> None:
    answer = app.test_client().get("/authorize?scope=admin", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="coatcheck"'


def test_a_program_gets_in_by_its_key(app: Flask, admin: Bearer) -> None:
    answer = admin.get("/authorize?scope=admin")
    assert (answer.status_code, answer.get_data(), "Content-Type" in answer.headers) == (204, b"", False)
    assert bearer(app).get("/authorize?scope=admin").status_code == 403


def test_a_key_that_is_sent_goes_before_the_cookie(app: Flask, signed_in: Visitor) -> None:
    signed_in.headers |= bearer(app).header
    assert signed_in.get("/authorize").status_code == 403


def test_what_another_scheme_says_takes_nothing_away(signed_in: Visitor) -> None:
    signed_in.headers["Authorization"] = "Basic YTpi"
    assert signed_in.get("/authorize").status_code == 204


def test_only_the_scope_that_exists_for_pages_is_asked_for(admin: Bearer) -> None:
    assert admin.get("/authorize?scope=everything").status_code == 400


def test_an_open_service_lets_everybody_in(open_app: Flask) -> None:
    visitor = Visitor.of(open_app)
    assert visitor.get("/authorize?scope=admin").status_code == 204
    assert "ask for no key" in visitor.get("/sign-in").get_data(as_text=True)


def test_a_page_of_another_site_is_not_let_in_by_an_open_service(open_app: Flask) -> None:
    foreign = Visitor.of(open_app, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image")
    assert foreign.get("/authorize?scope=admin").status_code == 403


@pytest.mark.parametrize(
    ("method", "site", "status"),
    [
        ("GET", "same-site", 204),
        ("POST", "same-site", 403),
        ("DELETE", "same-site", 403),
        ("POST", "same-origin", 204),
    ],
)
def test_behind_the_proxy_only_pages_of_this_host_change_something(
    signed_in: Visitor, method: str, site: str, status: int
) -> None:
    # With a form of a neighbour (another port, another name of the same site) the browser sends the cookie along.
    form = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    signed_in.headers |= {"X-Forwarded-Method": method, "Sec-Fetch-Site": site, **form}
    assert signed_in.get("/authorize?scope=admin").status_code == status


def test_a_program_with_a_key_may_change_something_behind_the_proxy(app: Flask, admin: Bearer) -> None:
    headers = {**admin.header, "X-Forwarded-Method": "POST"}
    assert app.test_client().get("/authorize?scope=admin", headers=headers).status_code == 204


def test_below_a_prefix_everything_stays_there(app: Flask, admin: Bearer) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    visitor = Visitor.of(app, X_Forwarded_Prefix="/app1", X_Forwarded_Uri="/flower/")
    # The test client's browser is not told of the prefix; a real one is in the browser tests.
    led = visitor.get("/authorize")
    assert led.headers["Location"] == "http://localhost/app1/sign-in?next=%2Fapp1%2Fflower%2F"
    visitor.headers["X-Forwarded-Uri"] = "/app1/flower/"
    assert visitor.get("/authorize").headers["Location"] == led.headers["Location"]
    assert cookies_of(visitor.get("/sign-in"))["coatcheck-form"]["path"] == "/app1/"


def test_a_form_that_is_too_large_is_refused(visitor: Visitor) -> None:
    assert visitor.post("/sign-in", {"key": "x" * 20_000}).status_code == 413


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_failures_count_for_the_network_that_they_come_from(address: str, network: str) -> None:
    assert failed_sign_ins.network_of(address) == network
