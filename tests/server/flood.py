"""Post many webhooks at the same moment, a connection each, as a process of its own.

Lines on standard output: ``sent`` when every request is on its way, ``answered`` when so many answers have come as were
asked for, and at the end one line of JSON with the numbers of the photos by status.
"""

import asyncio
import json
import resource
import sys

from reactor.bench.sender import body_of

CONNECTING_AT_ONCE = 100
SPARE_FILES = 500


def allow_files(count: int) -> bool:
    """Raise the number of files that this process may open; False where the system forbids so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE_FILES
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            return False
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return True


async def flood(port: int, path: str, secret: str, count: int, until: int) -> dict[str, list[int]]:
    """Connect, then send everything at once, and return the numbers of the photos by the status of their answers."""
    slots = asyncio.Semaphore(CONNECTING_AT_ONCE)
    answers: dict[str, list[int]] = {}

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with slots:
            return await asyncio.open_connection("127.0.0.1", port)

    connections = await asyncio.gather(*(connect() for _ in range(count)))
    for number, (_, writer) in enumerate(connections):
        body = body_of(number)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: reactor\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
    print("sent", flush=True)
    answered = 0

    async def hear(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        line = await reader.readline()
        answers.setdefault(line.split(b" ", 2)[1].decode() if line else "none", []).append(number)
        writer.close()
        answered += 1
        if answered == until:
            print("answered", flush=True)

    await asyncio.gather(*(hear(number, *connection) for number, connection in enumerate(connections)))
    return answers


if __name__ == "__main__":
    _, port, path, secret, count, until = sys.argv
    assert allow_files(int(count))
    print(json.dumps(asyncio.run(flood(int(port), path, secret, int(count), int(until)))))
