"""One call of a webhook: what it connects to, what it sends, and that nothing the other side does keeps it long."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from receiver import Receiver, receiving

from jobs.webhook_address import Reach, read_endpoint
from worker.internal.webhook_call import MOST_READ, Answer, call

#: Lets calls reach the receiver of a test.
LOOPBACK = Reach(["127.0.0.0/8"])

HEADERS = [("webhook-id", "one"), ("User-Agent", "Coatcheck/1")]

#: Far longer than any call that is cut off takes, seconds; one that is not would last 30, or for ever.
FAR = 20.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def called(url: str, *, reach: Reach = LOOPBACK, within: float = 10.0) -> Answer:
    return call(read_endpoint(url), b'{"type":"x"}', HEADERS, reach=reach, within=within)


class Resolver:
    """Stands in for the machine's resolver: tells what it is told to, and remembers who asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self._real = socket.getaddrinfo
        self._answers = list(answers)
        #: The names that were asked for.
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, host: str, port: int, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
        try:
            ip_address(host)
        except ValueError:
            self.asked.append(host)
            addresses = self._answers.pop(0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]
        return list(self._real(host, port, *args, **kwargs))  # type: ignore[arg-type]


def test_the_content_is_posted_with_its_headers(receiver: Receiver) -> None:
    answer = called(f"{receiver.url}?key=1")
    [came] = receiver.calls
    assert (answer.call.status, answer.call.error, came.path, came.content) == (204, "", "/hook?key=1", b'{"type":"x"}')
    assert (came.headers["webhook-id"], came.headers["User-Agent"]) == ("one", "Coatcheck/1")
    assert came.headers["Host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize("status", [200, 299, 400, 404, 410, 500, 503])
def test_the_status_is_told(receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert called(receiver.url).call.status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": receiver.url.replace("/hook", "/elsewhere")}
    assert called(receiver.url).call.status == status
    assert [came.path for came in receiver.calls] == ["/hook"]


def test_a_host_at_an_internal_address_is_not_called(receiver: Receiver) -> None:
    answer = called(receiver.url, reach=Reach(()))
    assert (answer.call.status, "internal address" in answer.call.error, receiver.calls) == (None, True, [])


def test_a_name_that_leads_to_this_machine_is_not_called(receiver: Receiver) -> None:
    answer = called(receiver.url.replace("127.0.0.1", "localhost"), reach=Reach(()))
    assert (answer.call.status, "internal address" in answer.call.error, receiver.calls) == (None, True, [])


@pytest.mark.parametrize("answers", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]])
def test_a_name_with_one_internal_address_among_others_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    Resolver(monkeypatch, answers)
    answer = called(receiver.url.replace("127.0.0.1", "twofold.example"), reach=Reach(()))
    assert (answer.call.status, "internal address" in answer.call.error, receiver.calls) == (None, True, [])


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_asked_for_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were it asked for again, it would lead elsewhere: there is no second answer.
    resolver = Resolver(monkeypatch, ["127.0.0.1"])
    answer = called(receiver.url.replace("127.0.0.1", "rebinding.example"))
    assert (answer.call.status, resolver.asked) == (204, ["rebinding.example"])
    assert receiver.calls[0].headers["Host"].startswith("rebinding.example:")


def test_the_next_address_is_tried_where_one_takes_no_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    Resolver(monkeypatch, ["127.9.9.9", "127.0.0.1"])
    assert called(receiver.url.replace("127.0.0.1", "two.example")).call.status == 204


def test_a_name_that_leads_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert "can't be resolved" in called("http://nowhere.example/").call.error


def test_a_resolver_that_hangs_does_not_keep_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        done.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    answer = called("http://slow.example/", within=0.2)
    done.set()
    assert "not resolved within" in answer.call.error


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert called(receiver.url).call.status == 204


def test_where_nobody_listens_the_call_fails_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = called(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert (answer.call.status, "can't be connected to" in answer.call.error) == (None, True)


def test_an_endpoint_that_does_not_answer_costs_the_time_of_a_call(receiver: Receiver) -> None:
    released = threading.Event()
    receiver.before = lambda: released.wait(30)
    began = time.monotonic()
    answer = called(receiver.url, within=0.3)
    released.set()
    assert (answer.call.status, 0.3 <= time.monotonic() - began < FAR) == (None, True)
    assert answer.call.error in ("The endpoint did not answer in time.", "The call was not over within 0.3 s.")


def test_headers_that_drip_do_not_prolong_a_call() -> None:
    with listening(_drip_headers) as port:
        began = time.monotonic()
        answer = called(f"http://127.0.0.1:{port}/", within=0.5)
    assert (answer.call.status, time.monotonic() - began < FAR) == (None, True)


def test_a_body_that_drips_does_not_prolong_a_call_and_the_status_counts(receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, _drip
    began = time.monotonic()
    # Long enough for a busy machine to send the status.
    answer = called(receiver.url, within=2)
    assert (answer.call.status, answer.call.error, time.monotonic() - began < FAR) == (200, "", True)


def test_of_an_endless_body_only_the_beginning_is_read(receiver: Receiver) -> None:
    sent = 0

    def flood(out: BinaryIO) -> None:
        nonlocal sent
        while True:
            sent += out.write(b"x" * 65536)

    receiver.status, receiver.body = 200, flood
    answer = called(receiver.url, within=10)
    assert (answer.call.status, answer.call.ms < 8000) == (200, True)
    # What was on its way in the buffers of both sides is not read.
    assert sent < MOST_READ + 32 * 2**20


def test_endless_headers_are_refused() -> None:
    with listening(_endless_headers) as port:
        answer = called(f"http://127.0.0.1:{port}/", within=10)
    assert (answer.call.status, "does not answer in HTTP" in answer.call.error) == (None, True)


def test_an_answer_that_is_no_http_is_told_but_not_repeated() -> None:
    with listening(lambda peer: peer.sendall(b"SSH-2.0-hunter2\r\n\r\n")) as port:
        answer = called(f"http://127.0.0.1:{port}/")
    assert (answer.call.status, answer.call.error) == (None, "The endpoint does not answer in HTTP.")


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("120", 120), ("0", 0), ("soon", None), ("-5", None), ("", None), ("9" * 400, None)],
)
def test_the_wait_that_an_endpoint_asks_for_is_read(receiver: Receiver, told: str, seconds: float | None) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": told}
    assert called(receiver.url).retry_after == seconds


def test_the_wait_may_be_told_as_a_moment(receiver: Receiver) -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    receiver.status, receiver.headers = 429, {"Retry-After": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    assert 3500 < (called(receiver.url).retry_after or 0) <= 3600


def test_https_is_spoken_with_an_endpoint_whose_certificate_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, "hooks.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    resolver = Resolver(monkeypatch, ["127.0.0.1"])
    with receiving(server_context(made)) as receiver:
        answer = called(receiver.url.replace("127.0.0.1", "hooks.example"))
    assert (answer.call.status, answer.call.error, resolver.asked) == (204, "", ["hooks.example"])


def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Resolver(monkeypatch, ["127.0.0.1"])
    with receiving(server_context(certificate(tmp_path, "hooks.example"))) as receiver:
        answer = called(receiver.url.replace("127.0.0.1", "hooks.example"))
    assert (answer.call.status, "CERTIFICATE_VERIFY_FAILED" in answer.call.error, receiver.calls) == (None, True, [])


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificate(tmp_path, "hooks.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    Resolver(monkeypatch, ["127.0.0.1"])
    with receiving(server_context(made)) as receiver:
        answer = called(receiver.url.replace("127.0.0.1", "other.example"))
    assert (answer.call.status, "CERTIFICATE_VERIFY_FAILED" in answer.call.error, receiver.calls) == (None, True, [])


def test_a_handshake_that_hangs_costs_the_time_of_a_call() -> None:
    with listening(lambda peer: peer.recv(1)) as port:
        began = time.monotonic()
        answer = called(f"https://127.0.0.1:{port}/", within=0.3)
    assert (answer.call.status, time.monotonic() - began < FAR) == (None, True)


class listening:  # noqa: N801 - reads as a verb where it is used
    """A server of raw bytes: for each connection it reads the request and lets `act` do as it likes."""

    def __init__(self, act: Callable[[socket.socket], object]) -> None:
        self._act = act
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        peer, _ = self._server.accept()
        with peer:
            peer.recv(65536)
            try:
                self._act(peer)
                while peer.recv(65536):
                    pass
            except OSError:
                return

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)
        self._server.close()


def _drip(out: BinaryIO) -> None:
    while True:
        out.write(b"x")
        out.flush()
        time.sleep(0.02)


def _drip_headers(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.sendall(b"X-More: 1\r\n")
        time.sleep(0.02)


def _endless_headers(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.sendall(b"X-More: " + b"x" * 8000 + b"\r\n")


def certificate(folder: Path, host: str) -> Path:
    """A file with a self-signed certificate of the host and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{host}.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


def server_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
