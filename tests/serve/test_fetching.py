"""Fetching: whole files from where they may come from, and nothing from anywhere else."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from greenroom.errors import GreenroomError
from greenroom.inputs import Media
from greenroom.jobs.errors import StorageFull
from greenroom.serve.fetching import Fetched, Fetcher, FileTooLarge, Timeouts
from greenroom.serve.outbound import FetchFailed, UrlRefused

BODY = os.urandom(300_000)
OK = b"HTTP/1.1 200 OK\r\n"
Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def plain(data: bytes) -> Answer:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def whole(body: bytes = BODY, kind: bytes = b"audio/wav") -> Answer:
    return plain(OK + b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body)


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(head, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def fetch(
    folder: Path, answer: Answer, *, path: str = "x", media: Media = "audio", fetcher: Fetcher | None = None
) -> Fetched:
    async def run() -> Fetched:
        async with serving(answer) as port:
            fetching = fetcher or Fetcher(allow_private=True)
            return await fetching.fetch(f"http://127.0.0.1:{port}/{path}", folder, media)

    return asyncio.run(run())


def fails(folder: Path, answer: Answer, kind: type[GreenroomError], words: str, fetcher: Fetcher | None = None) -> None:
    with pytest.raises(kind, match=words):
        fetch(folder, answer, fetcher=fetcher)
    assert list(folder.iterdir()) == []


def test_a_file_arrives_whole_with_its_hash(tmp_path: Path) -> None:
    done = fetch(tmp_path, whole(kind=b"Audio/WAV; x=1"), path="../../etc/passwd")
    assert done.path.parent == tmp_path
    assert done.path.read_bytes() == BODY
    assert (done.size, done.media_type) == (len(BODY), "audio/wav")
    assert done.sha256 == hashlib.sha256(BODY).hexdigest()


def test_a_file_without_a_length_arrives_whole(tmp_path: Path) -> None:
    chunks = b"".join(b"%x\r\n" % len(part) + part + b"\r\n" for part in (BODY[:9], BODY[9:])) + b"0\r\n\r\n"
    assert fetch(tmp_path, plain(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)).size == len(BODY)


def test_no_secret_and_no_packing_is_asked_for(tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head.lower())
        await whole()(head, writer)

    fetch(tmp_path, answer)
    assert b"accept-encoding: identity" in heads[0]
    assert b"authorization" not in heads[0]
    assert b"cookie" not in heads[0]
    assert heads[0].count(b"host: 127.0.0.1:") == 1


def test_redirects_are_followed_and_have_an_end(tmp_path: Path) -> None:
    async def count_down(head: bytes, writer: asyncio.StreamWriter) -> None:
        left = int(head.split()[1].strip(b"/").decode())
        if left:
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % (left - 1))
        else:
            await whole()(head, writer)

    assert fetch(tmp_path, count_down, path="5").size == len(BODY)
    with pytest.raises(FetchFailed, match="more than 5 times"):
        fetch(tmp_path, count_down, path="6")


def elsewhere(location: str) -> Answer:
    return plain(b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location.encode())


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://ann:secret@127.0.0.1/", "ftp://127.0.0.1/x", "http://[::1"],
)
def test_a_redirect_is_held_to_the_same_form(tmp_path: Path, location: str) -> None:
    fails(tmp_path, elsewhere(location), UrlRefused, "address")


def public_here(port: int, allowed: str = "public.example") -> Fetcher:
    """Pretends that one name is public, while its address is this machine's: what is checked are the others."""

    async def resolve(host: str, _: int) -> Sequence[str]:
        return ["8.8.8.8"] if host == allowed else ["127.0.0.1"]

    return Fetcher(resolve=resolve, timeouts=Timeouts(connect=30))


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/x", "http://private.example:{port}/x", "http://[::1]:{port}/x"]
)
def test_a_redirect_to_a_private_address_is_refused(
    tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        reached.append(head)
        location = target.format(port=writer.get_extra_info("sockname")[1])
        await elsewhere(location)(head, writer)

    import httpcore

    connect = httpcore.AnyIOBackend.connect_tcp

    async def to_this_machine(self: httpcore.AnyIOBackend, host: str, *more: object) -> object:
        assert host == "8.8.8.8"  # what was checked, and not the name
        return await connect(self, "127.0.0.1", *more)  # type: ignore[arg-type]

    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", to_this_machine)

    async def run() -> None:
        async with serving(answer) as port:
            await public_here(port).fetch(f"http://public.example:{port}/x", tmp_path, "audio")

    with pytest.raises(UrlRefused, match="public internet"):
        asyncio.run(run())
    assert len(reached) == 1


def test_a_name_that_changes_between_check_and_use_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: the second answer would be this machine; there is no second question."""
    asked, connected = 0, []

    async def resolve(host: str, port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["8.8.8.8"] if asked == 1 else ["127.0.0.1"]

    async def connect(self: object, host: str, *more: object) -> object:
        import httpcore

        connected.append(host)
        raise httpcore.ConnectError("far away")

    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    with pytest.raises(FetchFailed, match=r"rebinding\.example cannot be reached"):
        asyncio.run(Fetcher(resolve=resolve).fetch("http://rebinding.example/x", tmp_path, "audio"))
    assert (asked, connected) == (1, ["8.8.8.8"])


def test_an_address_that_does_not_answer_gives_way_to_the_next(tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]  # nothing listens on the first

    async def run() -> Fetched:
        async with serving(whole()) as port:
            fetching = Fetcher(allow_private=True, resolve=resolve)
            return await fetching.fetch(f"http://name.example:{port}/x", tmp_path, "audio")

    assert asyncio.run(run()).size == len(BODY)


def test_private_addresses_are_refused_unless_allowed(tmp_path: Path) -> None:
    with pytest.raises(UrlRefused):
        fetch(tmp_path, whole(), fetcher=Fetcher())
    with pytest.raises(UrlRefused):
        Fetcher().check("http://127.0.0.1/x")
    Fetcher(allow_private=True).check("http://127.0.0.1/x")
    assert list(tmp_path.iterdir()) == []


def test_sizes_are_counted_whatever_is_said(tmp_path: Path) -> None:
    small = Fetcher(allow_private=True, max_bytes=1000)
    fails(tmp_path, whole(), FileTooLarge, "more than 1,000 bytes", small)
    fails(tmp_path, plain(OK + b"\r\n" + BODY), FileTooLarge, "more than 1,000 bytes", small)
    assert fetch(tmp_path, whole(b"x" * 1000), fetcher=small).size == 1000


def test_an_endless_body_ends_at_the_limit(tmp_path: Path) -> None:
    sent = 0

    async def endless(_: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
            sent += 65_536
            await writer.drain()

    fails(tmp_path, endless, FileTooLarge, "3,000,000", Fetcher(allow_private=True, max_bytes=3_000_000))
    assert sent < 30_000_000


def test_a_body_shorter_than_it_said_is_no_file(tmp_path: Path) -> None:
    fails(tmp_path, plain(OK + b"Content-Length: 500\r\n\r\n" + b"x" * 100), FetchFailed, "broke off")


@pytest.mark.parametrize("data", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"])
def test_what_is_no_http_is_no_file(tmp_path: Path, data: bytes) -> None:
    fails(tmp_path, plain(data), FetchFailed, "broke off, or is not HTTP")


def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    async def slow(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 100000\r\n\r\n")
        for _number in range(1200):  # a minute, after which it breaks off
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    fails(tmp_path, slow, FetchFailed, "takes too long", Fetcher(allow_private=True, timeouts=Timeouts(whole=0.3)))
    fails(tmp_path, slow, FetchFailed, "takes too long", Fetcher(allow_private=True, timeouts=Timeouts(read=0.01)))


def test_a_resolver_that_hangs_is_given_up(tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    fetcher = Fetcher(resolve=resolve, timeouts=Timeouts(connect=0.1))
    with pytest.raises(FetchFailed, match="takes too long"):
        asyncio.run(fetcher.fetch("http://slow.example/x", tmp_path, "audio"))


def test_a_name_that_does_not_exist_is_said_without_the_system_s_words(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"^nowhere\.invalid cannot be reached$"):
        asyncio.run(Fetcher().fetch("http://nowhere.invalid/x", tmp_path, "audio"))


@pytest.mark.parametrize("status", [b"404 Not Found", b"401 Unauthorized", b"500 Oops", b"206 Partial", b"304 Same"])
def test_other_answers_than_the_file_are_named(tmp_path: Path, status: bytes) -> None:
    answer = plain(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    fails(tmp_path, answer, FetchFailed, status.split()[0].decode())


@pytest.mark.parametrize(
    ("kind", "media", "fits"),
    [
        (b"audio/mpeg", "audio", True), (b"video/mp4", "audio", True), (b"application/octet-stream", "video", True),
        (b"", "image", True), (b"image/png", "video-or-image", True), (b"image/gif", "video", True),
        (b"text/html", "audio", False), (b"image/png", "audio", False), (b"video/mp4", "image", False),
        (b"application/json", "video", False), (b"application/vnd.apple.mpegurl", "video", False),
    ],
)  # fmt: skip
def test_the_type_that_is_said_must_fit(tmp_path: Path, kind: bytes, media: Media, fits: bool) -> None:
    if fits:
        assert fetch(tmp_path, whole(kind=kind), media=media).size == len(BODY)
        return
    with pytest.raises(UrlRefused, match=kind.decode()):
        fetch(tmp_path, whole(kind=kind), media=media)


def test_a_packed_file_is_not_unpacked(tmp_path: Path) -> None:
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    fails(tmp_path, plain(head), FetchFailed, "packs the file")


def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("greenroom.serve.fetching._write", full)
    fails(tmp_path, whole(), StorageFull, "no room")


def test_a_caller_who_leaves_leaves_no_file(tmp_path: Path) -> None:
    async def stalled(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 9000000\r\n\r\n" + bytes(2 << 20))
        await writer.drain()
        await asyncio.sleep(60)

    async def run() -> None:
        async with serving(stalled) as port:
            fetching = Fetcher(allow_private=True).fetch(f"http://127.0.0.1:{port}/x", tmp_path, "audio")
            task = asyncio.create_task(fetching)
            while not any(path.stat().st_size for path in tmp_path.iterdir()):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_tls_verifies_the_name_and_not_the_address(tmp_path: Path) -> None:
    """The certificate is for one name: it is good for that, and for no other that leads to the same address."""
    certificate = Path(__file__).parent / "certificate.pem"
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def run(host: str, tls: ssl.SSLContext | None) -> Fetched:
        async with serving(whole(), ours) as port:
            fetching = Fetcher(allow_private=True, resolve=resolve, tls=tls)
            return await fetching.fetch(f"https://{host}:{port}/x", tmp_path, "audio")

    assert asyncio.run(run("files.example", trusting)).size == len(BODY)
    with pytest.raises(FetchFailed, match="cannot be reached"):
        asyncio.run(run("other.example", trusting))
    with pytest.raises(FetchFailed, match="cannot be reached"):
        asyncio.run(run("files.example", None))


def test_a_message_is_posted_with_its_headers_and_no_redirect_is_followed() -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        await elsewhere("http://127.0.0.1:1/")(head, writer)

    async def run() -> int:
        async with serving(answer) as port:
            return await Fetcher(allow_private=True).post(
                f"http://127.0.0.1:{port}/hook?a=1",
                b'{"x": 1}',
                {"content-type": "application/json", "webhook-id": "m"},
            )

    assert asyncio.run(run()) == 302
    (head,) = heads
    assert head.startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert b"webhook-id: m" in head
    assert b"Content-Length: 8" in head


def test_a_message_goes_to_no_private_address() -> None:
    with pytest.raises(UrlRefused):
        asyncio.run(Fetcher().post("http://localhost:1/hook", b"", {}))
