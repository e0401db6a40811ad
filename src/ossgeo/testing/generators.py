"""Hypothesis generators of registries, models and panels. They need Hypothesis: ``pip install ossgeo[testing]``."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
from hypothesis import strategies as st

from ossgeo._core.relations import Relation
from ossgeo.panel._models import BaseModel, Model
from ossgeo.panel._panel import Panel
from ossgeo.registry._lineage import LINEAGE_SHOWN
from ossgeo.registry._registry import Registry
from ossgeo.sources._files.reader import read_panel

HANDLES: Final = ("Alpha", "beta", "Gamma-AI", "delta_1", "epsilon.x", "Zeta")
"""The namespaces that the generators use."""

DAYS: Final = tuple(dt.date(2024, 12, 1) + dt.timedelta(days=step) for step in (0, 7, 30, 31, 90, 400))
"""The days that the generators use."""

_CODES: Final = ("US", "CN", "FR", "DE", "JP", "TW", "XK", "international", "unknown")
_IDS: Final = tuple(f"{handle}/{name}" for handle in HANDLES for name in ("a", "b", "c-GGUF"))
_ABSENT: Final = ("gone/x", "gone/y")
_PARTS: Final = ("vision encoder", "tokenizer")
_FAR: Final = ("gone/x", "bare-name", "ALPHA/A", "./local", "")


@st.composite
def lineage_rows(draw: Any) -> list[dict[str, str]]:
    """Draw rows of lineage facts for :meth:`ossgeo.Registry.from_rows`.

    They are about models that exist and that do not, whole models and components, with and without dates, retracted and disputed
    with an alternative; they contradict model cards, and form cycles among themselves and with cards.
    """
    keys = st.tuples(
        st.sampled_from((*_IDS, *_ABSENT)),
        st.sampled_from(("whole", *_PARTS)),
        st.sampled_from(("fact", "alternative")),
    )
    rows: list[dict[str, str]] = []
    for model, component, basis in draw(st.lists(keys, unique=True, max_size=10)):
        others = [one for one in (*_IDS, *_ABSENT) if one != model]
        bases = draw(st.lists(st.sampled_from(others), unique=True, min_size=1, max_size=2))
        none = component == "whole" and draw(st.booleans())
        rows += [
            {
                "model": model, "base": base, "basis": basis, "component": component,
                "relation": str(draw(st.sampled_from(list(Relation)))), "start": str(draw(st.sampled_from(("", *DAYS)))),
                "evidence": draw(st.sampled_from(LINEAGE_SHOWN)),
                "confidence": draw(st.sampled_from(("certain", "likely", "disputed"))),
            }
            for base in ([""] if none else bases)
        ]  # fmt: skip
    return rows


@st.composite
def registries(draw: Any) -> Registry:
    """Draw registries with organizations of every kind, unreviewed namespaces, and lineage facts.

    Organizations move, are in several countries, and may be persons; for the facts see :func:`lineage_rows`.
    """
    organizations: list[dict[str, str]] = []
    namespaces: list[dict[str, str]] = []
    affiliations: list[dict[str, Any]] = []
    for place, handle in enumerate(draw(st.lists(st.sampled_from(HANDLES), unique=True))):
        name = f"organization-{place}"
        kind = draw(st.sampled_from(("company", "university", "individual")))
        organizations.append({"organization": name, "kind": kind})
        namespaces.append({"namespace": handle, "organization": name})
        if kind == "individual":
            affiliations.append({"organization": name, "country": "individual"})
            continue
        codes = draw(st.lists(st.sampled_from(_CODES), unique=True, max_size=3))
        if len(codes) == 2 and draw(st.booleans()):  # noqa: PLR2004  # one seat, then the other
            day = str(draw(st.sampled_from(DAYS)))
            affiliations.append({"organization": name, "country": codes[0], "end": day})
            affiliations.append({"organization": name, "country": codes[1], "start": day})
        else:
            affiliations += [{"organization": name, "country": code, "weight": 1 / len(codes)} for code in codes]
    return Registry.from_rows(
        organizations=organizations, namespaces=namespaces, affiliations=affiliations, lineage=draw(lineage_rows())
    )


@st.composite
def models(draw: Any) -> tuple[Model, ...]:
    """Draw models whose base models may be cyclic, missing or misspelled."""
    ids = draw(st.lists(st.sampled_from(_IDS), unique=True, min_size=1, max_size=12))
    bases = st.lists(st.builds(BaseModel, st.sampled_from((*ids, *_FAR)), st.sampled_from(list(Relation))), max_size=3)
    return tuple(Model(one, base_models=tuple(draw(bases))) for one in ids)


@st.composite
def panels(draw: Any, counter: str = "downloads_30d") -> Panel:
    """Draw panels with gaps, zeros and huge counts.

    Args:
        draw: Given by Hypothesis.
        counter: ``downloads_30d`` or ``downloads_all_time``.
    """
    keys = st.tuples(st.sampled_from(_IDS), st.sampled_from(DAYS))
    counts = st.one_of(st.just(0), st.integers(0, 10**6), st.integers(10**11, 10**12))
    found = draw(st.dictionaries(keys, counts, min_size=1, max_size=40))
    rows = [(model, day, count) for (model, day), count in found.items()]
    schema = {"model_id": pl.String, "observed_at": pl.Date, counter: pl.Int64}
    return read_panel(pl.DataFrame(rows, schema=schema, orient="row"))
