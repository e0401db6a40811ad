"""``python -m ossgeo``, and the installed command ``ossgeo``."""

from __future__ import annotations

import sys


def run() -> int:
    """Run the command with the words of the process; Ctrl-C while Python still imports ends it in one line, too."""
    try:
        from ossgeo.cli import main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    return main()


if __name__ == "__main__":
    sys.exit(run())
