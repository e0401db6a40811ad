"""Test worlds for plugins: one with every hard case, and a real one."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import attrs
import polars as pl

from ossgeo.attribution import Context, ModelTable
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.sources._files.reader import read_panel
from ossgeo.sources._samples import load_sample

MOVE: Final = dt.date(2025, 2, 15)
"""The day on which an organization of the world moves, and a namespace becomes a repackager."""

FIRST: Final = dt.date(2025, 1, 31)
LAST: Final = dt.date(2025, 3, 2)
"""The two observations of the world's panel, thirty days apart."""

_HUGE: Final = 900_000_000_000
_SEEN: Final = {"url": "https://example.org/about", "shows": "own statement", "confidence": "certain",
                "reviewed_on": "2025-01-01"}  # fmt: skip
_READ: Final = {"url": "https://example.org/model", "evidence": "vendor statement", "confidence": "certain",
                "reviewed_on": "2025-01-01"}  # fmt: skip


@attrs.frozen(eq=False)
class World:
    """A registry, models and a panel that belong together.

    Attributes:
        registry: The registry.
        models: The models table.
        panel: The panel.
        days: Days on which strategies are evaluated.
    """

    registry: Registry
    models: pl.DataFrame
    panel: Panel
    days: tuple[dt.date, ...]

    @property
    def context(self) -> Context:
        """A new context for the last day."""
        return Context(self.registry, ModelTable(self.models), self.days[-1])


def hard_world() -> World:
    """Return a world with every hard case.

    Returns:
        Organizations in one country, in three, one that moves, one with an owner abroad, a person, one without a country; an
        unreviewed namespace and one that ended; models with base models of every relation, missing, renamed, misspelled and
        cyclic ones; lineage facts about whole models and components, with dates, retracted, disputed, about absent models, and in
        a cycle with model cards; counts of zero and very large counts.
    """
    registry = Registry.from_rows(
        organizations=[
            {"organization": "one", "name": "One"},
            {"organization": "mover", "name": "Mover"},
            {"organization": "trio", "name": "Trio", "kind": "collective"},
            {"organization": "person", "name": "person", "kind": "individual"},
            {"organization": "nowhere", "name": "Nowhere"},
            {"organization": "daughter", "name": "Daughter"},
        ],
        namespaces=[
            {"namespace": "One", "organization": "one"},
            {"namespace": "One-old", "organization": "one", "start": "2020-01-01", "end": str(MOVE)},
            {"namespace": "Mover", "organization": "mover"},
            {"namespace": "Trio", "organization": "trio"},
            {"namespace": "person", "organization": "person"},
            {"namespace": "Nowhere", "organization": "nowhere"},
            {"namespace": "Daughter", "organization": "daughter"},
        ],
        affiliations=[
            {"organization": "one", "country": "CN", **_SEEN},
            {"organization": "mover", "country": "GB", "end": str(MOVE), **_SEEN},
            {"organization": "mover", "country": "US", "start": str(MOVE), **_SEEN},
            *({"organization": "trio", "country": code, "weight": 1 / 3, **_SEEN} for code in ("DE", "FR", "JP")),
            {"organization": "person", "country": "individual", **_SEEN},
            {"organization": "daughter", "country": "FR", **_SEEN},
        ],
        parents=[{"organization": "daughter", "parent": "mover", "start": "2025-02-01"}],
        roles=[
            {"namespace": "person", "role": "repackager"},
            {"namespace": "Trio", "role": "repackager", "start": str(MOVE)},
        ],
        lineage=[
            {"model": "Mover/l", "base": "One/a", "relation": "finetune", "start": str(MOVE), **_READ},
            {"model": "Nowhere/e", "base": "absent/model", "component": "vision encoder", **_READ},
            {"model": "absent/model", "base": "Trio/i", **_READ},
            {"model": "One/m", "base": "person/k", "evidence": "retracted"},
            {"model": "One-old/h", "base": "", "evidence": "vendor statement", "confidence": "disputed"},
            {
                "model": "One-old/h",
                "base": "Mover/b",
                "basis": "alternative",
                "evidence": "weights",
                "confidence": "disputed",
            },
            {"model": "Mover/b", "base": "person/d", "relation": "merge", **_READ},
        ],
    )
    counts: dict[str, tuple[int, int]] = {"One/a": (100, 200), "Mover/b": (50, 60), "Trio/c": (0, 90), "person/d": (10, 20), "Nowhere/e": (5, 0),
              "new-lab/f": (5, 25), "Daughter/g": (7, 7), "One-old/h": (3, 4), "Trio/i": (_HUGE, _HUGE + 1),
              "new-lab/j": (1, 1), "person/k": (2, 2), "Mover/l": (0, 0), "One/m": (8, 9), "bare": (4, 4)}  # fmt: skip
    bases: dict[str, list[tuple[str | None, str]]] = {
        "Trio/c": [("quantized", "One/a")],
        "person/d": [("quantized", "Mover/b"), ("quantized", "elsewhere/lost")],
        "new-lab/f": [("merge", "One/a"), ("merge", "Trio/i"), ("merge", "Daughter/g")],
        "Daughter/g": [("finetune", "one/A")],
        "Trio/i": [("adapter", "Trio/i"), (None, "person/d")],
        "new-lab/j": [("finetune", "person/k")],
        "person/k": [("finetune", "new-lab/j"), ("finetune", "Mover/b")],
        "Mover/l": [("finetune", "One-old/m")],
        "bare": [("finetune", "a"), ("finetune", "./out/checkpoint")],
    }
    made = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    models = [
        {
            "model_id": name,
            "hub_id": f"{place:024x}",
            "created_at": made,
            "license": ("mit", "llama3.1", None)[place % 3],
            "task": "text-generation",
            "library": ("transformers", "gguf")[place % 2],
            "likes": place,
            "parameters": 10 ** (8 + place % 4),
            "gated": "false",
            "private": False,
            "disabled": False,
            "base_models": [{"relation": how, "model_id": what} for how, what in bases.get(name, [])],
            "tags": ["<script>alert(1)</script>", "region:us"],
            "declared_country": {"new-lab/f": "France", "new-lab/j": "Atlantis"}.get(name),
            "labels": {
                "new-lab/f": [("study-publisher", "FR"), ("study-publisher", "DE"), ("study-derived", "CN")],
                "One/a": [("study-publisher", "CN")],
            }.get(name, []),
            "member_of": {"person/k": ["Mover", "One", "new-lab"], "new-lab/j": ["Trio"]}.get(name, []),
        }
        for place, name in enumerate(counts)
    ]
    rows = [(name, day, pair[place]) for name, pair in counts.items() for place, day in enumerate((FIRST, LAST))]
    return _world(registry, models, rows, (dt.date(2019, 12, 31), FIRST, dt.date(2025, 2, 1), MOVE, LAST))


def real_world() -> World:
    """Return a world of the bundled registry and the bundled sample of trending models."""
    panel = load_sample("trending-2026")
    return World(Registry.default(), panel.models.collect(), panel, panel.periods)


def _world(registry: Registry, models: list[dict[str, Any]], rows: list[Any], days: tuple[dt.date, ...]) -> World:
    for model in models:
        model["labels"] = [{"source": source, "country": code} for source, code in model["labels"]]
    frame = pl.DataFrame(models, infer_schema_length=None).with_columns(
        namespace=pl.col("model_id").str.split("/").list.first()
    )
    schema = {"model_id": pl.String, "observed_at": pl.Date, "downloads_30d": pl.Int64}
    panel = read_panel(pl.DataFrame(rows, schema=schema, orient="row"), models=frame)
    return World(registry, frame, panel, days)
