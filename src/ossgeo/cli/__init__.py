"""The command ``ossgeo``, also ``python -m ossgeo``: a small front end to the public functions."""

from ossgeo.cli._main import main

__all__ = ["main"]
