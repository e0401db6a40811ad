"""``python -m ossgeo``."""

from __future__ import annotations

import sys

from ossgeo.cli import main

if __name__ == "__main__":
    sys.exit(main())
