"""Run beside a real Immich until a signal comes."""

import asyncio

from reactor.config import Settings
from reactor.wiring.models import real_model
from reactor.wiring.reactor import open_reactor


async def run_forever(settings: Settings) -> int:
    """Run the reactor until cancelled; raises StartError with a sentence."""
    settings.households()  # what is missing is named before anything is opened
    folder = real_model(settings)
    async with open_reactor(settings, model_folder=folder):
        await asyncio.Event().wait()
    return 0
