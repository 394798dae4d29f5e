"""Where a webhook may go, judged by its URL and by addresses alone."""

from ipaddress import ip_address

import pytest

from jobs.errors import SettingsError
from jobs.settings import load_settings
from jobs.webhook_address import LONGEST_URL, EndpointRefused, Reach, is_internal, read_endpoint

INTERNAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
]

PUBLIC = ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", INTERNAL)
def test_an_internal_address_is_known_as_one(address: str) -> None:
    assert is_internal(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_known_as_one(address: str) -> None:
    assert not is_internal(ip_address(address))


def test_a_url_is_read_into_its_parts() -> None:
    found = read_endpoint("https://Hooks.Example.org:8443/in/box?key=a%20b&x")
    assert (found.scheme, found.host, found.port, found.target) == (
        "https",
        "hooks.example.org",
        8443,
        "/in/box?key=a%20b&x",
    )


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://example.org", "example.org", "/"),
        ("http://example.org:80/", "example.org", "/"),
        ("https://example.org:80/", "example.org:80", "/"),
        ("https://[2606:4700::1111]:8443?x", "[2606:4700::1111]:8443", "/?x"),
        ("https://example.org.", "example.org.", "/"),
    ],
)
def test_what_the_request_says_of_its_host(url: str, authority: str, target: str) -> None:
    found = read_endpoint(url)
    assert (found.authority, found.target) == (authority, target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/hook",
        "//example.org/hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "http://",
        "http:///path",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://@example.org/",
        "http://example.org/#part",
        "http://example.org/#",
        "http://example.org:0/",
        "http://example.org:65536/",
        "http://example.org:x/",
        "http://exa mple.org/",
        "http://example.org/\r\nHost: other",
        "http://example.org\\@10.0.0.1/",
        "http://exämple.org/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://a..b/",
        "http://%31%30.0.0.1/",
        f"http://example.org/{'x' * LONGEST_URL}",
        f"http://{'x' * 64}.org/",
    ],
)
def test_what_is_no_url_for_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(EndpointRefused):
        read_endpoint(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "10.0.0.8",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00:ec2::254]",
        "localhost",
        "LOCALHOST.",
        "api.localhost",
    ],
)
def test_an_internal_host_in_a_url_is_told_at_once(host: str) -> None:
    with pytest.raises(EndpointRefused, match="internal"):
        Reach(()).check(read_endpoint(f"http://{host}/hook"))


@pytest.mark.parametrize(
    "host", ["example.org", "8.8.8.8", "[2606:4700::1111]", "localhost.example.org", "127.example"]
)
def test_a_public_host_passes(host: str) -> None:
    Reach(()).check(read_endpoint(f"https://{host}/hook"))


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("127.0.0.0/8", "127.0.0.1"),
        ("127.0.0.0/8", "[::ffff:127.0.0.1]"),
        ("127.0.0.0/8", "localhost"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3/8", "10.200.0.1"),
        ("fd00::/8", "[fd00::5]"),
        ("Localhost", "localhost"),
    ],
)
def test_what_the_operator_allows_passes(allowed: str, host: str) -> None:
    Reach([allowed]).check(read_endpoint(f"http://{host}/hook"))


def test_a_host_that_is_allowed_by_name_may_be_at_an_internal_address_and_others_may_not() -> None:
    reach = Reach(["hooks.intra"])
    assert reach.includes(read_endpoint("http://hooks.intra/"), ip_address("10.0.0.1"))
    assert not reach.includes(read_endpoint("http://other.intra/"), ip_address("10.0.0.1"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_ALLOW", "10.0.0.0/33"),
        ("WEBHOOK_ALLOW", "http://x"),
        ("WEBHOOK_ALLOW", "a b"),
        ("WEBHOOK_RETRIES", "5,soon"),
        ("WEBHOOK_RETRIES", "-1"),
        ("WEBHOOK_RETRIES", "nan"),
        ("WEBHOOK_RETRIES", "604801"),
    ],
)
def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"COATCHECK_{name}", value)
    with pytest.raises(SettingsError, match=f"COATCHECK_{name}"):
        load_settings()


def test_settings_that_are_lists_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_WEBHOOK_ALLOW", "")
    monkeypatch.setenv("COATCHECK_WEBHOOK_RETRIES", "")
    assert (load_settings().webhook_allow, load_settings().webhook_retries) == ((), ())
