"""Attribution of the Hub's 3.7 million models, the cost of a row-wise rule, of explaining, and of dated organizations."""

from __future__ import annotations

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from ossgeo.registry import namespace_seats
from tests.benchmarks.processes import megabytes, report, run

MODELS, NAMESPACES, REVIEWED = 3_700_000, 700_000, 3_000
RELATIONS = ("quantized", "finetune", "adapter", "merge", None)
BARS = {"publisher": "1.5 s, 1000 MB", "lineage": "12 s, 2000 MB"}
CODES = ("US", "CN", "DE", "FR", "JP")
DAY = dt.date(2025, 1, 1)


def write_models(path: Path, count: int = MODELS, seed: int = 1) -> None:
    """Write models of which 30 % have base models, one in twenty of these several."""
    draw = random.Random(seed)
    handles = count * NAMESPACES // MODELS
    ids = [f"n{int(handles * draw.random() ** 3):06d}/m{number:07d}" for number in range(count)]
    bases: list[list[dict[str, str | None]]] = []
    for number in range(count):
        parents = 0 if number == 0 or draw.random() > 0.3 else 1 if draw.random() < 0.95 else draw.randrange(2, 6)
        bases.append([
            {"relation": draw.choice(RELATIONS), "model_id": ids[int(number * draw.random() ** 2)] if draw.random() < 0.9
             else f"gone{draw.randrange(1000)}/x"} for _ in range(parents)
        ])  # fmt: skip
    kind = pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))
    frame = pl.DataFrame({"model_id": ids, "base_models": pl.Series(bases, dtype=kind)})
    frame.with_columns(namespace=pl.col("model_id").str.split("/").list.first()).write_parquet(path)


def registry() -> Any:
    """Return a registry of the 3,000 largest namespaces."""
    import ossgeo

    return ossgeo.Registry.from_rows(
        organizations=[{"organization": f"o{number}"} for number in range(len(CODES))],
        namespaces=[{"namespace": f"n{number:06d}", "organization": f"o{number % 5}"} for number in range(REVIEWED)],
        affiliations=[{"organization": f"o{number}", "country": code} for number, code in enumerate(CODES)],
    )


def credit(rule: str, path: str) -> None:
    """Credit every model by a rule."""
    from ossgeo.attribution import Context, ModelTable, credits_of, resolve

    known = registry()
    models = pl.read_parquet(path)
    start, used = time.perf_counter(), time.process_time()
    credits = credits_of(resolve(rule), models, context=Context(known, ModelTable(models), DAY))
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    report(seconds=seconds, cpu=cpu, megabytes=megabytes(), figure=round(float(credits["weight"].sum()), 3))


def with_facts(path: str, facts: str) -> None:
    """Attribute all models by ``root`` without and with reviewed facts, in turn."""
    import ossgeo
    from ossgeo.attribution import Context, ModelTable, credits_of, root

    models, plain = pl.read_parquet(path), registry()
    ids = models["model_id"].sample(int(facts), seed=1, shuffle=True).to_list()
    rows = [{"model": one, "base": f"fact{number % 100}/x"} for number, one in enumerate(ids)]
    reviewed = ossgeo.Registry.from_rows(lineage=rows, base=plain)
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(3):
        for word, known in (("without", plain), ("with", reviewed)):
            context = Context(known, ModelTable(models), DAY)
            start = time.perf_counter()
            credits_of(root(), models, context=context)
            seconds[word].append(time.perf_counter() - start)
    report(ratio=min(seconds["with"]) / min(seconds["without"]), seconds=min(seconds["without"]))


def look_up(path: str, ids: str) -> None:
    """Take an inventory of models, offline, from a models table that is loaded."""
    import ossgeo

    models = pl.read_parquet(path)
    wanted = models["model_id"].sample(int(ids), seed=2, shuffle=True).to_list()
    known = registry()
    start = time.perf_counter()
    ossgeo.inventory(wanted, models=models, registry=known, on=DAY)
    report(seconds=time.perf_counter() - start)


def ask_one_by_one(path: str) -> None:
    """What the library adds to a row-wise rule, per model: the rule itself does next to nothing."""
    from ossgeo.attribution import Attribution, Context, ModelTable, credits_of

    said = Attribution.to("FR", rule="constant")

    class Constant:
        name = "constant"
        api_version = 1

        def attribute(self, model: Any, *, on: dt.date, context: Context) -> Attribution | None:
            return said

    models = pl.read_parquet(path).head(200_000)
    start = time.perf_counter()
    credits_of(Constant(), models, context=Context(registry(), ModelTable(models), DAY))
    report(seconds=time.perf_counter() - start, models=models.height)


def explain_many(path: str) -> None:
    """Explain single models of a table that is loaded."""
    import ossgeo
    from ossgeo.attribution import ModelTable

    models = ModelTable.of(pl.read_parquet(path).head(200_000))
    known = registry()
    ids = list(models)
    ossgeo.explain(ids[-1], on=DAY, attribution="lineage", models=models, registry=known)
    start = time.perf_counter()
    for one in ids[-1000:]:
        ossgeo.explain(one, on=DAY, attribution="lineage", models=models, registry=known)
    report(seconds=(time.perf_counter() - start) / 1000)


def measure_dated(path: str, dated: str) -> None:
    """Measure a panel in which no organization, or one for a hundredth of the models, moves."""
    import ossgeo
    from tests.benchmarks.panels import COUNTRIES, country_of

    names = [f"namespace-{number:05d}" for number in range(30_000)]
    moved = [number for number in range(30_000) if number % 100 == 0] if dated == "dated" else []
    organizations = [{"organization": f"o{number}"} for number in range(len(COUNTRIES))] + [
        {"organization": f"moved-{number}"} for number in moved
    ]
    affiliations = [{"organization": f"o{number}", "country": code} for number, code in enumerate(COUNTRIES)]
    for number in moved:
        affiliations += [{"organization": f"moved-{number}", "country": country_of(number), "end": "2023-07-01"},
                         {"organization": f"moved-{number}", "country": "CH", "start": "2023-07-01"}]  # fmt: skip
    owners = [f"moved-{number}" if number in set(moved) else f"o{number % len(COUNTRIES)}" for number in range(30_000)]
    known = ossgeo.Registry.from_rows(
        organizations=organizations, affiliations=affiliations,
        namespaces=[{"namespace": name, "organization": owner} for name, owner in zip(names, owners, strict=True)],
    )  # fmt: skip
    assert namespace_seats(known).height
    panel = ossgeo.read_panel(path)
    start = time.perf_counter()
    ossgeo.measure(panel, registry=known)
    report(seconds=time.perf_counter() - start, megabytes=megabytes())


def main(weeks: int) -> None:
    """Print what was measured, with the bars."""
    from tests.benchmarks.panels import write_panel

    with tempfile.TemporaryDirectory() as folder:
        models, panel = str(Path(folder) / "models.parquet"), str(Path(folder) / "panel.parquet")
        write_models(Path(models))
        print("\n| attribution of 3.7 million models | time | CPU time | peak memory | bar |\n|---|---|---|---|---|")
        for rule in ("publisher", "direct-base", "root", "lineage", "repackager-passthrough"):
            found = run(__name__, "credit", rule, models)
            figures = f"{found['seconds']:.1f} s | {found['cpu']:.1f} s | {found['megabytes']:.0f} MB"
            print(f"| {rule} | {figures} | {BARS.get(rule, '')} |")
        facts = run(__name__, "with_facts", models, "10000")
        print(f"\nroot with 10,000 reviewed facts: {facts['ratio']:.2f} x the time without (bar 1.1)")
        print(f"An inventory of 10,000 ids: {run(__name__, 'look_up', models, '10000')['seconds']:.2f} s (bar 2 s)")
        one = run(__name__, "ask_one_by_one", models)
        print(f"\nA row-wise rule: {one['seconds'] / one['models'] * 1e6:.1f} us a model above its own work")
        print(f"Explaining one model: {run(__name__, 'explain_many', models)['seconds'] * 1e3:.2f} ms")
        write_panel(Path(panel), models=74_000, namespaces=30_000, weeks=weeks)
        times: dict[str, list[float]] = {"undated": [], "dated": []}
        for _ in range(3):  # in turn, so that both see the same machine
            for word, seconds in times.items():
                seconds.append(run(__name__, "measure_dated", panel, word)["seconds"])
        plain, dated = (statistics.median(seconds) for seconds in times.values())
        print(f"measure with 1 % of the models in an organization that moves: {dated / plain:.2f} x (bar 1.2)")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
