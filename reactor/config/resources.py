"""Where the files lie that come with the program."""

from importlib import resources
from pathlib import Path

from reactor.core.errors import StartError


def resource(name: str) -> Path:
    """Return the folder ``migrations`` or ``models/demo``, from the wheel or from a checkout."""
    packed = Path(str(resources.files("reactor"))) / "_resources" / name
    if packed.exists():
        return packed
    checkout = Path(__file__).resolve().parents[2] / name
    if checkout.exists():
        return checkout
    raise StartError(f"the installation is incomplete: {name} is missing beside the package; install it again")
