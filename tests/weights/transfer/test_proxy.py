"""Proxies, as the environment names them, and TLS through them."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenroom.weights.transfer import connection
from greenroom.weights.transfer.address import Address
from greenroom.weights.transfer.errors import Unreachable
from greenroom.weights.transfer.proxy import Proxy
from greenroom.weights.transfer.source import Source
from tests.weights.transfer.fetching import BODY, get, is_right, source
from tests.weights.transfer.server import serving

CERTIFICATE = Path(__file__).parents[2] / "serve" / "certificate.pem"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def towards(url: str) -> tuple[str, int] | None:
    proxy = Proxy.towards(Address.parse(url))
    return None if proxy is None else (proxy.host, proxy.port)


def test_the_environment_names_proxies_by_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    assert towards("https://host/x") is None
    monkeypatch.setenv("HTTPS_PROXY", "http://secure.example:3128")
    monkeypatch.setenv("ALL_PROXY", "other.example")
    monkeypatch.setenv("NO_PROXY", "inside.example,.local")
    assert towards("https://host/x") == ("secure.example", 3128)
    assert towards("http://host/x") == ("other.example", 8080)
    assert towards("https://inside.example/x") is None
    assert towards("https://a.local/x") is None
    monkeypatch.setenv("NO_PROXY", "*")
    assert towards("https://host/x") is None


def test_who_asks_is_told_to_the_proxy_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:s%40cret@proxy.example:3128")
    proxy = Proxy.towards(Address.parse("https://host/x"))
    assert proxy is not None
    assert proxy.headers == {"Proxy-Authorization": f"Basic {base64.b64encode(b'ann:s@cret').decode()}"}
    assert "Basic" not in repr(proxy)


@pytest.mark.parametrize(
    "named", ["socks5://proxy.example:1080", "https://proxy.example", "http://:80", "http://proxy:x"]
)
def test_a_proxy_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(Unreachable, match="the proxy of the environment") as caught:
        towards("https://host/x")
    assert "HTTPS_PROXY" in caught.value.mend


@dataclass
class Tunnels:
    """A proxy that tunnels to where it was told. asked: the heads that it was sent."""

    port: int = 0
    asked: list[str] = field(default_factory=list)


@contextmanager
def tunnelling(status: str = "200 OK") -> Iterator[Tunnels]:
    tunnels = Tunnels()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.request.recv(1)
            tunnels.asked.append(head.decode())
            self.request.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
            if not status.startswith("200"):
                return
            host, _, port = head.split()[1].decode().partition(":")
            with socket.create_connection((host, int(port))) as onward:
                other = threading.Thread(target=_pump, args=(onward, self.request))
                other.start()
                _pump(self.request, onward)
                other.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False

    with Server(("127.0.0.1", 0), Handler) as server:
        tunnels.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield tunnels
        finally:
            server.shutdown()
            thread.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believe the certificate of the tests, which is for another name."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    context.check_hostname = False
    monkeypatch.setattr(connection, "_trusted", lambda: context)


@pytest.mark.usefixtures("trusting")
def test_a_file_comes_over_tls(tmp_path: Path) -> None:
    with serving(BODY, tls=server_tls()) as host:
        assert is_right(get(source(host), tmp_path / "file"))


def test_a_host_that_cannot_prove_who_it_is(tmp_path: Path) -> None:
    with serving(BODY, tls=server_tls()) as host, pytest.raises(Unreachable, match="cannot prove who it is") as caught:
        get(source(host), tmp_path / "file")
    assert "SSL_CERT_FILE" in caught.value.mend
    assert host.requests == []


@pytest.mark.usefixtures("trusting")
def test_a_file_comes_through_a_tunnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnelling() as proxy, serving(BODY, tls=server_tls()) as host:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:secret@127.0.0.1:{proxy.port}")
        assert is_right(get(source(host, headers={"Authorization": "Bearer hf_secret"}), tmp_path / "file"))
    assert proxy.asked
    assert all(asked.startswith(f"CONNECT 127.0.0.1:{host.port} ") for asked in proxy.asked)
    assert all("Proxy-Authorization: Basic" in asked for asked in proxy.asked)
    assert not any("hf_secret" in asked for asked in proxy.asked)
    assert not any("proxy-authorization" in request.headers for request in host.requests)


@pytest.mark.usefixtures("trusting")
def test_a_proxy_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnelling("407 Proxy Authentication Required") as proxy, serving(BODY, tls=server_tls()) as host:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:secret@127.0.0.1:{proxy.port}")
        with pytest.raises(Unreachable, match=r"through the proxy 127\.0\.0\.1.*407") as caught:
            get(source(host), tmp_path / "file")
    assert "secret" not in caught.value.message


def test_plain_http_is_asked_of_the_proxy_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(BODY) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ann:secret@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "elsewhere")
        wanted = source(proxy).urls[0].replace(f"127.0.0.1:{proxy.port}", "files.example")
        assert is_right(get(Source((wanted,)), tmp_path / "file"))
    assert {request.path for request in proxy.requests} == {wanted}
    assert all(request.headers["host"] == "files.example" for request in proxy.requests)
    assert all("proxy-authorization" in request.headers for request in proxy.requests)
