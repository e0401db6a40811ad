"""Tables of the documentation that are computed from the bundled samples when it is built."""

from __future__ import annotations

import csv
import datetime as dt
import importlib.util
import math
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

import ossgeo
from ossgeo.analysis._ratio_intervals import share_interval
from ossgeo.registry import _tables as registry_columns

RULES = ("publisher", "direct-base", "root", "lineage", "repackager-passthrough")


def by_rule() -> str:
    """Return the shares of the trending models by country, under each attribution strategy."""
    panel = ossgeo.load_sample("trending-2026")
    tables = {rule: ossgeo.measure(panel, attribution=rule) for rule in RULES}
    shares = {rule: table.at() for rule, table in tables.items()}
    groups = list(
        dict.fromkeys(group for rule in RULES for group in tables[rule].top(10).to_polars()["country"].to_list())
    )
    rows = [
        f"| {group} | {' | '.join(f'{100 * (shares[rule][group] or 0):.2f}' for rule in RULES)} |" for group in groups
    ]
    head = [f"| share, % | {' | '.join(RULES)} |", f"|---|{'---|' * len(RULES)}"]
    adjusted = tables["lineage"].adjustments
    notes = [f"Of the declared bases: {adjusted}." if adjusted else "No declared base had to be corrected."]
    return "\n".join([*head, *rows, "", *notes])


def by_evidence() -> str:
    """Return the shares of the trending models by root under declared and reviewed lineage, and what the roots rest on."""
    panel = ossgeo.load_sample("trending-2026")
    kinds = ("declared", "reviewed")
    rules = {kind: ossgeo.attribution.root(evidence=kind) for kind in kinds}
    tables = {kind: ossgeo.measure(panel, attribution=rule) for kind, rule in rules.items()}
    shares = {kind: table.at() for kind, table in tables.items()}
    groups = tables["declared"].top(8).to_polars()["country"].to_list()
    lines = ["| share by root, % | declared | reviewed |", "|---|---|---|"]
    lines += [
        f"| {group} | {' | '.join(f'{100 * (shares[kind][group] or 0):.2f}' for kind in kinds)} |" for group in groups
    ]
    rests = {kind: ossgeo.measure(panel, by="root_evidence", attribution=rule).at() for kind, rule in rules.items()}
    lines += ["", "| downloads whose root rests on, % | declared | reviewed |", "|---|---|---|"]
    for word in ("declared", "reviewed", "disputed", "absent"):
        cells = [rests[kind][word] for kind in kinds]
        lines.append(f"| {word} | {' | '.join(f'{100 * (cell or 0):.2f}' for cell in cells)} |")
    return "\n".join(lines)


GRID = {
    "denominator": ["all", "attributed"],
    "age_cap": [None, "365d"],
    "attribution": ["publisher", "root", "repackager-passthrough"],
    "counting": ["fractional", "primary"],
}


def one_by_one() -> str:
    """Return the shares of one panel with one choice changed at a time."""
    panel = ossgeo.load_sample("trending-2026")
    base = {name: values[0] for name, values in GRID.items()}
    rows = ["| choices | CN, % | US, % |", "|---|---|---|"]
    for name, values in GRID.items():
        for value in values if name == "denominator" else values[1:]:
            shares = ossgeo.measure(panel, **{**base, name: value}).at()
            what = (
                "none: all downloads, any age, publisher, fractional" if value == base[name] else f"`{name}={value!r}`"
            )
            rows.append(f"| {what} | {100 * (shares['CN'] or 0):.1f} | {100 * (shares['US'] or 0):.1f} |")
    return "\n".join(rows)


def all_together() -> str:
    """Return the range over all combinations, and the parts of the variance."""
    found = ossgeo.analysis.sensitivity(ossgeo.load_sample("trending-2026"), GRID)
    lines = []
    for group in ("CN", "US"):
        low, high = found.ranges.filter(group=group).select("lowest", "highest").row(0)
        parts = found.effects.filter(group=group).sort("part", descending=True).select("choice", "part").rows()
        said = ", ".join(f"{choice} {part:.0%}" for choice, part in parts)
        lines.append(
            f"- **{group}**: {low:.1%} to {high:.1%} over {len(found.methods)} combinations; of the variance: {said}."
        )
    return "\n".join(lines)


def what_floats() -> str:
    """Return the bounds of the same panel."""
    found = ossgeo.analysis.bounds(ossgeo.measure(ossgeo.load_sample("trending-2026")))
    rows = found.to_polars().filter(found.to_polars()["country"].is_in(["CN", "US"])).sort("country")
    said = [
        f"{code} between {low:.1%} and {high:.1%}"
        for code, low, high in rows.select("country", "lower", "upper").rows()
    ]
    return f"Whatever the unreviewed, unknown and individual downloads turn out to be: {' and '.join(said)}; that the US lead is {found.compare('US', 'CN')}."


def claims_read() -> str:
    """Return the number of claims by topic, and by how their sources were read."""
    found = ossgeo.claims.table().group_by("topic").agg(
        first=(pl.col("read") == "first hand").sum(), second=(pl.col("read") == "second hand").sum()
    )  # fmt: skip
    rows = [*found.sort("topic").iter_rows(), ("all", found["first"].sum(), found["second"].sum())]
    head = ["| topic | source read | only a report of it read | all |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {name} | {first} | {second} | {first + second} |" for name, first, second in rows)])


def claim_by_claim() -> str:
    """Return every published claim with the verdict of the bundled sample that decides most."""
    panels = [ossgeo.load_sample(sample.name) for sample in ossgeo.list_samples()]
    lines, topic = [], ""
    for claim in sorted(ossgeo.claims.load(), key=lambda one: one.topic):
        if claim.topic != topic:
            topic = claim.topic
            lines += [f"## {topic.capitalize()}", ""]
        found = [ossgeo.claims.evaluate(panel, claim) for panel in panels]
        at = min(range(len(found)), key=lambda place: (found[place].verdict == "cannot be told from this panel",
                                                       found[place].ours is None, place))  # fmt: skip
        best = found[at]
        source = f"[{claim.reference}]({claim.url})" if claim.url else claim.reference
        figures = []
        if best.ours is not None:
            figures.append(f"{claim.figure(best.ours)} under its own choices")
        if best.lowest is not None:
            ends = dict.fromkeys(claim.figure(one) for one in (best.lowest, best.highest))
            figures.append(f"{' to '.join(ends)} over all choices")
        figure = f" Over the observed part of the period, this sample gives {' and '.join(figures)}." if figures else ""
        lines += [
            f"### {claim.statement}",
            "",
            f"{source}, read {claim.read}{f' on {claim.read_on}' if claim.read_on else ''}; method {claim.certainty}. {claim.note[:1].upper() + claim.note[1:]}{'.' if claim.note else ''}",
            "",
            f"**{best.verdict.capitalize()}** (`{ossgeo.list_samples()[at].name}`). {best.why}{figure} {best.settles}",
            "",
        ]
    return "\n".join(lines)


def disputes() -> str:
    """Return the quantities with several published values, and the choices in which these differ."""
    lines = []
    for one in ossgeo.claims.disputes():
        lines += [f"## {one.quantity[:1].upper()}{one.quantity[1:]}", "", f"The claims differ in {', '.join(one.differences)}.", "",
                  "| value | period | population | source |", "|---|---|---|---|"]  # fmt: skip
        for claim in one.claims:
            value = claim.figure() + (f" of {claim.counts}" if claim.unit == "share" else "")
            source = f"[{claim.reference}]({claim.url})" if claim.url else claim.reference
            lines.append(f"| {value} | {claim.start} to {claim.end} | {claim.scope} | {source} |")
        lines.append("")
    return "\n".join(lines)


def matrix() -> str:
    """Return the builders and bases of trending models by country."""
    table = ossgeo.measure(ossgeo.load_sample("trending-2026"), calculator="derivatives",
                           by=("builder_country", "base_country"))  # fmt: skip
    wide = table.to_polars().pivot(on="base_country", index="builder_country", values="value").fill_null(0.0)
    head = [f"| builders \\ bases | {' | '.join(wide.columns[1:])} |", f"|{'---|' * len(wide.columns)}"]
    rows = [f"| {row[0]} | {' | '.join(f'{value:.1f}' for value in row[1:])} |" for row in wide.iter_rows()]
    return "\n".join([*head, *rows, "", f"{table.method}"])


def pictures() -> dict[str, tuple[str, object]]:
    """Return every kind of chart with its code."""
    labs, trending = ossgeo.load_sample("labs-2025"), ossgeo.load_sample("trending-2026")
    names = {"ossgeo": ossgeo, "labs": labs, "trending": trending, "table": ossgeo.measure(labs)}
    codes = {
        "Shares over time": "table.plot()",
        "Stacked to the whole": 'table.plot(kind="stacked")',
        "Ranks over time": 'table.plot(kind="ranks")',
        "Who overtook whom?": 'ossgeo.analysis.crossovers(ossgeo.measure(labs, by="organization"), "deepseek", "nvidia").plot()',
        "On a map": 'ossgeo.measure(trending).plot(kind="map")',
        "One period": "ossgeo.measure(trending).plot()",
        "The same, dark": 'ossgeo.measure(trending).plot(theme="dark")',
        "Bounds": "ossgeo.analysis.bounds(ossgeo.measure(trending)).plot()",
        "How much is chance?": "ossgeo.analysis.bootstrap(trending).plot()",
        "Which choice decides?": 'ossgeo.analysis.sensitivity(trending, {"denominator": ["all", "attributed"], "age_cap": [None, "365d"]}).plot()',
        "Who moved it?": 'ossgeo.analysis.drivers(labs, "CN").plot()',
        "Does it hang on one organization?": 'ossgeo.analysis.influence(labs, unit="organization").plot()',
        "Growth": "ossgeo.analysis.growth(table).plot()",
        "How few hold how much?": 'ossgeo.analysis.concentration(ossgeo.measure(labs, by=("country", "organization"))).plot()',
        "Who builds on whom?": 'ossgeo.measure(trending, calculator="derivatives", by=("builder_country", "base_country")).plot()',
    }
    return {title: (code, eval(code, names)) for title, code in codes.items()}  # noqa: S307  # our own, above


def gallery(folder: Path) -> str:
    """Draw every chart, and return the page that shows them."""
    import vl_convert

    lines = []
    for place, (title, (code, chart)) in enumerate(pictures().items()):
        svg = vl_convert.vegalite_to_svg(chart.to_dict())  # type: ignore[attr-defined]
        (folder / f"picture-{place}.svg").write_text(svg, encoding="utf-8")
        lines += [f"## {title}", "", f"![{title}](../_computed/picture-{place}.svg)", "", "```text", code, "```", ""]
    extra = folder / "extra"
    extra.mkdir(exist_ok=True)
    ossgeo.report(ossgeo.load_sample("labs-2025"), path=extra / "report-labs-2025.html")
    return "\n".join(lines)


def registry_card() -> str:
    """Return the registry's data card, and its coverage of the samples."""
    rows = ["| sample | reviewed, at worst | unknown, at most |", "|---|---|---|"]
    for sample in ossgeo.list_samples():
        covered = ossgeo.review.gaps(ossgeo.load_sample(sample.name)).coverage
        least, most = covered.select(pl.col("reviewed").min(), pl.col("unknown").max()).row(0)
        rows.append(f"| {sample.name} | {least:.2%} | {most:.2%} |")
    return "\n".join([ossgeo.review.card(), *rows])


def registry_tables() -> str:
    """Return the columns of the registry's tables."""
    lines = []
    for table, columns in registry_columns.TABLES.items():
        needed = registry_columns.REQUIRED[table]
        lines += [f"`{table}.csv`", "", "| column | meaning |", "|---|---|"]
        lines += [
            f"| `{name}`{' (required)' if name in needed else ''} | {meaning} |" for name, meaning in columns.items()
        ]
        lines.append("")
    return "\n".join(lines)


def groupings() -> str:
    """Return the bundled groupings of countries, with their groups and the hosts of their sources."""
    lines = ["| name | what it is | groups | rest | sources |", "|---|---|---|---|---|"]
    for name in ossgeo.GroupScheme.names():
        scheme = ossgeo.GroupScheme.named(name)
        hosts = dict.fromkeys(urlsplit(member.url).hostname or "" for member in scheme.members)
        sources = ", ".join(filter(None, hosts)) or "-"
        lines.append(f"| `{name}` | {scheme.title} | {', '.join(scheme.groups)} | {scheme.rest} | {sources} |")
    return "\n".join(lines)


def second_looks() -> str:
    """Return the results of the reviews of random rows, and the error rates."""
    with (Path(__file__).parent / "reference" / "second-looks.csv").open(encoding="utf-8", newline="") as file:
        looks = list(csv.DictReader(file))
    head = ["day", "drawn from", "seed", "registry", "rows", "confirmed by a source", "right, no source found",
            "right, but not on its page", "wrong", "error rate", "what was found, and what became of it"]  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for look in looks:
        rate = (int(look["wrong"]) + int(look["not_on_page"])) / int(look["rows"])
        cells = [look["day"], look["drawn_from"], look["seed"], look["registry"], look["rows"], look["confirmed"],
                 look["no_source"], look["not_on_page"], look["wrong"], f"{rate:.1%}", look["findings"]]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def disputed() -> str:
    """Return the effect of disputed seats on the samples' shares."""
    rows = ["| sample | organization | country | share, % | with the alternative, % |", "|---|---|---|---|---|"]
    for sample in ossgeo.list_samples():
        found = ossgeo.review.alternatives(ossgeo.load_sample(sample.name))
        rows += [f"| {sample.name} | {name} | {country} | {100 * share:.2f} | {100 * other:.2f} |"
                 for name, country, share, other, _ in found.iter_rows()]  # fmt: skip
    return "\n".join(rows)


PANELS: dict[str, Callable[[random.Random], float]] = {
    "normal (mean 100, deviation 15)": lambda source: abs(source.gauss(100, 15)),
    "lognormal (sigma 1.5)": lambda source: math.exp(source.gauss(0, 1.5)),
    "lognormal (sigma 2.5)": lambda source: math.exp(source.gauss(0, 2.5)),
    "Pareto (exponent 1.5)": lambda source: source.paretovariate(1.5),
    "Pareto (exponent 1.1)": lambda source: source.paretovariate(1.1),
}
RUNS = 300


def coverage(draw: Callable[[random.Random], float], units: int, share: float, runs: int = RUNS) -> tuple[float, ...]:
    """Return the measured coverage and mean width of the intervals, and the coverage of normal ones.

    Each unit has a value of the distribution, and belongs to the group with the probability of the share.
    """
    source = random.Random(f"{units} {share}")  # noqa: S311  # not for secrets
    covered = normal = width = 0.0
    done = 0
    while done < runs:
        inside: list[float] = []
        outside: list[float] = []
        for _ in range(units):
            (inside if source.random() < share else outside).append(draw(source))
        if len(inside) < 2 or len(outside) < 2:
            continue
        sums = [(sum(side), sum(value * value for value in side)) for side in (inside, outside)]
        error = math.sqrt(sum(square / total**2 for total, square in sums))
        (own, _), (other, _) = sums
        lower, upper = share_interval(own, other, error, min(total**2 / square for total, square in sums))
        measured = own / (own + other)
        margin = 1.96 * error * measured * (1 - measured)
        covered += lower <= share <= upper
        normal += measured - margin <= share <= measured + margin
        width += upper - lower
        done += 1
    return covered / runs, width / runs, normal / runs


def interval_coverage() -> str:
    """Return the measured coverage of the intervals."""
    lines = ["| values of the units | units | true share, % | covered, % | mean width, points | normal interval covers, % |",
             f"|{'---|' * 6}"]  # fmt: skip
    for name, draw in PANELS.items():
        for units in (20, 50, 200, 1000):
            for share in (0.5, 0.2):
                found = coverage(draw, units, share, RUNS if units < 1000 else RUNS // 2)
                cells = [f"{100 * one:.0f}" for one in found]
                lines.append(f"| {name} | {units} | {100 * share:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tokens_one_by_one() -> str:
    """Return China's and the US's share of generated tokens, with one choice changed at a time."""
    tokens = _generated_tokens()
    base = tokens.panel()
    first, last = base.periods[0], base.periods[-1]
    choices: list[tuple[str, ossgeo.Panel, dict[str, Any], dt.date]] = [
        (f"none: tokens of the top 50 and of all others, week to {last}", base, {}, last),
        (f"the week to {first}", base, {}, first),
        ("the top 9 only, as a chart lists them", tokens.panel(top=9, residual=False), {}, last),
        ("the top 10 only", tokens.panel(top=10, residual=False), {}, last),
        ("the top 50 only", tokens.panel(residual=False), {}, last),
        ("all models by name", tokens.panel(top=None), {}, last),
        ("denominator: tokens with a known country", base, {"denominator": "attributed"}, last),
        ("open weights only", base, {"where": {"openness": "open weights"}}, last),
        ("US dollars in place of tokens", base, {"calculator": tokens.dollars()}, last),
        ("number of models in the top 20", base, {"calculator": ossgeo.shares.CountInTop(n=20)}, last),
    ]
    rows = ["| choice | CN, % | US, % |", "|---|---|---|"]
    for text, panel, options, day in choices:
        shares = ossgeo.measure(panel, **options).at(day)
        rows.append(f"| {text} | {100 * (shares['CN'] or 0):.1f} | {100 * (shares['US'] or 0):.1f} |")
    return "\n".join(rows)


def tokens_all_together() -> str:
    """Return the range of China's share over all combinations, and the parts of the choices."""
    tokens = _generated_tokens()
    grid: dict[str, list[Any]] = {
        "denominator": ["all", "attributed"], "where": [None, {"openness": "open weights"}], "window": ["7d", "28d"],
    }  # fmt: skip
    panel = tokens.panel()
    said = [
        f"**{unit}.** {ossgeo.analysis.sensitivity(panel, grid, calculator=calculator).sentence()}"
        for unit, calculator in (("Tokens", "flow"), ("US dollars", tokens.dollars()))
    ]
    return "\n\n".join([*said, ossgeo.analysis.bounds(ossgeo.measure(panel)).sentence()])


def _generated_tokens() -> Any:
    """Return the module with the generated rankings, which stands beside this one."""
    spec = importlib.util.spec_from_file_location("generated_tokens", Path(__file__).with_name("generated_tokens.py"))
    if spec is None or spec.loader is None:
        raise FileNotFoundError("generated_tokens.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMPUTED: dict[str, Callable[[], str]] = {
    "by-rule": by_rule,
    "by-evidence": by_evidence,
    "one-by-one": one_by_one,
    "all-together": all_together,
    "what-floats": what_floats,
    "tokens-one-by-one": tokens_one_by_one,
    "tokens-all-together": tokens_all_together,
    "claim-by-claim": claim_by_claim,
    "claims-read": claims_read,
    "derivatives-matrix": matrix,
    "disputed": disputed,
    "groupings": groupings,
    "interval-coverage": interval_coverage,
    "disputes": disputes,
    "registry-card": registry_card,
    "registry-tables": registry_tables,
    "second-looks": second_looks,
}


def write(folder: Path) -> None:
    """Write every computed table as Markdown, to be included by the pages."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ossgeo.errors.OssgeoWarning)
        for name, compute in COMPUTED.items():
            (folder / f"{name}.md").write_text(f"{compute()}\n", encoding="utf-8")
        (folder / "gallery.md").write_text(f"{gallery(folder)}\n", encoding="utf-8")
