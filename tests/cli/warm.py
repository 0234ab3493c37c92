"""Commands in processes that are forked from one that has read all the code already.

Each is a process of its own, with its own surroundings, folder, streams and exit code, and begins where
``python -m reactor`` does; only reading the code, which takes longer than most commands, is done once for all of them.
That a command starts from nothing is shown by test_run, test_demo and test_signals.
"""

import atexit
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
READ = (
    "reactor.cli",
    "reactor.wiring.label_desk",
    "reactor.wiring.orders",
    "reactor.wiring.setup",
    "reactor.wiring.start",
)
LONGEST_S = 60
MOST_BYTES = 1 << 20


def command(home: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder and with these surroundings alone, and return what it said."""
    asked = json.dumps({"arguments": arguments, "environment": dict(environment), "folder": str(home)}).encode()
    assert len(asked) < MOST_BYTES
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as said,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(_address())
        socket.send_fds(connection, [asked], [nothing.fileno(), out.fileno(), said.fileno()])
        connection.shutdown(socket.SHUT_WR)
        code = int(connection.makefile().read())
        out.seek(0)
        said.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), said.read())


@cache
def _address() -> str:
    """Start the process that the others are forked from; it ends with this one."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.warm"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    atexit.register(server.wait, 10)
    atexit.register(server.stdin.close)
    return server.stdout.readline().strip()


def _serve() -> None:
    for module in READ:
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/commands")
        listener.listen()
        print(listener.getsockname(), flush=True)
        while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
            assert ready == [listener]
            connection, _ = listener.accept()
            _forked(partial(_answer, connection))
            connection.close()


def _forked(work: Callable[[], NoReturn]) -> int:
    """Have the work done by a process of its own, and return its number."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(1)


def _answer(connection: socket.socket) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, streams, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
    while more := connection.recv(MOST_BYTES):
        asked += more
    _, status = os.waitpid(_forked(partial(_become, json.loads(asked), streams)), 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: Mapping[str, Any], streams: list[int]) -> NoReturn:
    """Be the command, as the interpreter would start and end it."""
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    signal.alarm(LONGEST_S)
    sys.argv = ["reactor", *asked["arguments"]]
    code = 1
    try:
        runpy.run_module("reactor", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - told and turned into an exit code, as the interpreter does
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve()
