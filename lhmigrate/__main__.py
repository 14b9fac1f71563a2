"""The `lhmigrate` command."""

from __future__ import annotations

import contextlib
import gc
import sys


def main() -> None:
    """Runs the command line."""
    # A run is short and keeps what it reads, so looking for garbage finds none.
    gc.disable()
    from lhmigrate.cli import app  # noqa: PLC0415 - nothing else of the package needs it

    try:
        app()
    except OSError as error:
        # `--help` and complaints about options are printed outside of any command: perhaps to a full disk.
        with contextlib.suppress(OSError, AttributeError):
            sys.stderr.write(f"lhmigrate: {error.strerror}\n")
        sys.exit(2)
    finally:
        # The end of the process gives everything back at once; Python need not look through it first.
        gc.freeze()


if __name__ == "__main__":
    main()
