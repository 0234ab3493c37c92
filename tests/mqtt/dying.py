"""A publisher in a process of its own, to be killed: ``python -m tests.mqtt.dying PORT``."""

import asyncio
import sys

from .publishing import a_publisher


async def main(port: int) -> None:
    async with a_publisher(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
