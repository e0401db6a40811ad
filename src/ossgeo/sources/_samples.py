"""Bundled samples: real figures of the Hub, small enough to ship. The file NOTICE in the same folder lists sources and dates."""

from __future__ import annotations

from typing import Final

import attrs
import polars as pl

from ossgeo._core import DATA
from ossgeo._core.tabular import Listing
from ossgeo.errors import UnknownSampleError
from ossgeo.panel._panel import Panel
from ossgeo.sources._files.reader import read_panel

DEFAULT: Final = "labs-2025"
"""The default sample."""


@attrs.frozen
class Sample:
    """The description of a bundled sample.

    Attributes:
        name: The name that :func:`ossgeo.load_sample` takes.
        title: The content in a few words.
        note: The scope, and its limits.
        counter: The counter of its rows.
    """

    name: str
    title: str
    note: str
    counter: str = "downloads_30d"


SAMPLES: Final = (
    Sample(
        "labs-2025",
        "30-day downloads at nine dates, January to September 2025, of 34 namespaces of chosen laboratories",
        "34 chosen laboratories, each with its three largest models and one stated remainder; not the whole Hub",
    ),
    Sample(
        "hub-2026",
        "30-day downloads of the Hub's 200 most downloaded models on 14 August 2026",
        "the 200 most downloaded models of one day; the rest of the Hub is not in it",
    ),
    Sample(
        "trending-2026",
        "30-day downloads of 200 trending models on 30 April 2026, with what they were made from",
        "200 models that were trending on one day; chosen by the Hub's trending score, not by downloads",
    ),
)


def list_samples() -> Listing[Sample]:
    """Return the bundled samples.

    Example:
        >>> [sample.name for sample in list_samples()]
        ['labs-2025', 'hub-2026', 'trending-2026']
    """
    return Listing(SAMPLES)


def load_sample(name: str = DEFAULT) -> Panel:
    """Return a bundled sample as a panel.

    Args:
        name: One of :func:`list_samples`.

    Raises:
        UnknownSampleError: No sample has the name.

    Example:
        >>> len(load_sample("labs-2025").periods)
        9
    """
    known = {sample.name: sample for sample in SAMPLES}
    if name not in known:
        raise UnknownSampleError.among(str(name), known, what="sample")
    sample = known[name]
    frame = pl.read_parquet(DATA / "samples" / f"{name}.parquet")
    panel = read_panel(frame, counter=sample.counter, scope=sample.note)
    return panel.described(source=f"sample {name}")
