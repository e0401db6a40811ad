"""The options and the output of ``ossgeo claims``."""

from __future__ import annotations

import argparse
from typing import Any

import ossgeo
from ossgeo.cli._options import add_reading
from ossgeo.cli._panels import panel_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.sources._samples import DEFAULT


def add_claims(commands: Any) -> None:
    """Add the command to the parser."""
    claims = commands.add_parser("claims", help="list published claims, or compare one with a panel")
    form = claims.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="all claims as CSV")
    form.add_argument("--json", action="store_true", help="all claims as JSON")
    form.add_argument("--disputes", action="store_true", help="quantities with several published values")
    claims.add_argument("--file", metavar="FILE", help="claims of a CSV of yours in place of the bundled ones")
    claims.add_argument("claim", nargs="?", metavar="CLAIM", help="the id of a claim (default: list all)")
    claims.add_argument(
        "path", nargs="?", default=DEFAULT, metavar="PATH", help=f"as for 'measure' (default: {DEFAULT})"
    )
    add_reading(claims.add_argument_group("reading"))


def claims_text(given: argparse.Namespace) -> str:
    """Return all claims or disputes, or the evaluation of one claim on a panel.

    Args:
        given: The options.

    Raises:
        InvalidArgumentError: A claim is named beside an option that lists all of them.
    """
    lists = [option for option in ("csv", "json", "disputes") if getattr(given, option)]
    if lists and given.claim is not None:
        raise InvalidArgumentError(f"CLAIM must be left out with --{lists[0]}, which lists all, got {given.claim!r}")
    claims = None if given.file is None else ossgeo.claims.read(given.file)
    if given.disputes:
        return "\n\n".join(map(str, ossgeo.claims.disputes(claims))) or "no two claims differ"
    if given.csv or given.json:
        rows = ossgeo.claims.table(claims)
        return rows.write_csv() if given.csv else rows.write_json()
    if given.claim is None:
        listed = ossgeo.claims.load() if claims is None else claims
        return "\n".join(f"{claim.id:<28} {claim.statement}" for claim in listed)
    claim = ossgeo.claims.find(given.claim, claims)
    return str(ossgeo.claims.evaluate(panel_of(given.path, given), claim))
