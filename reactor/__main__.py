"""The way in: says what is wrong with the interpreter before anything else is imported."""

import sys

OLDEST = (3, 11)


def main() -> None:
    """Run the command line."""
    if sys.version_info < OLDEST:
        sys.exit("Immich Reactor needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031
    from reactor.cli import app  # noqa: PLC0415 - an older interpreter could not even read it

    app()


if __name__ == "__main__":
    main()
