"""What a coordinator's client of HTTP makes of servers of any kind."""

import asyncio
import contextlib

import pytest

pytest.importorskip("h11")

from colmodern.serve.coordinator.http_client import HttpClient, HttpError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def talking(answers, work, **options):
    """Run ``work`` with a client of a server that sends these bytes, one after the other.

    None closes the connection instead of answering; returns the result, and how many connections
    there were.
    """
    said = iter(answers)
    serving = []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                await reader.readexactly(int(head.lower().split("content-length:")[1].split()[0]))
                answer = next(said)
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/below"
            client = HttpClient(url, **{"most_bytes": 1000, **options})
            try:
                return await work(client), len(serving)
            finally:
                client.close()
                await asyncio.gather(*serving)

    return asyncio.run(run())


def test_a_connection_is_kept():
    async def work(client):
        return [(await client.ask("POST", "/x", b"a")).body for _ in range(3)]

    assert talking([OK] * 3, work) == ([b"{}"] * 3, 1)


def test_one_that_the_server_has_closed_meanwhile_is_opened_again():
    async def work(client):
        first = await client.ask("POST", "/x", b"a")
        return first.status, (await client.ask("POST", "/x", b"a")).status

    assert talking([OK, None, OK], work) == ((200, 200), 2)
    closing = OK.replace(b"Content", b"Connection: close\r\nContent")
    assert talking([closing, OK], work) == ((200, 200), 2)


def test_pieces_and_names_of_headers():
    async def work(client):
        return await client.ask("GET", "/x")

    head = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
    pieces = head + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    answer, _ = talking([pieces], work)
    assert (answer.status, answer.body, answer.headers["x-a"]) == (503, b"{}", "b")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_what_is_no_answer(answer):
    async def work(client):
        with pytest.raises(HttpError):
            await client.ask("POST", "/x", b"a")

    talking([answer, None], work)


def test_nobody_is_there():
    async def run():
        with pytest.raises(HttpError):
            await HttpClient("http://127.0.0.1:9", most_bytes=10).ask("GET", "/")

    asyncio.run(run())
