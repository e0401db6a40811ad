"""What users get wrong: one clear error of ours, never a figure that was not asked for, never an error from inside."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo import analysis, attribution
from ossgeo.cli import main
from ossgeo.errors import (
    CalculatorContractError,
    InvalidArgumentError,
    OssgeoError,
    OutputError,
    PanelError,
    SourceUnavailableError,
    UnknownCountryError,
)
from ossgeo.shares import Gives
from tests import worlds

LABS = ossgeo.load_sample()
HUB = ossgeo.load_sample("hub-2026")
TABLE = ossgeo.measure(LABS)
FEBRUARY = dt.date(2025, 2, 1)
UNOBSERVED = ossgeo.measure(LABS, window="3650d")


class Failing:
    name = "failing"
    api_version = 1
    gives: Gives = "flow"
    unit = "downloads"
    requires: frozenset[str] = frozenset()

    def aggregate(self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]) -> Any:
        raise RuntimeError("boom")


class Refusing(Failing):
    def aggregate(self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]) -> Any:
        raise InvalidArgumentError("give another key")


class Falling(Failing):
    name = "falling"

    def aggregate(self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]) -> Any:
        joined = flows.join(credits, on="model_id").with_columns(value=-1.0 * nw.col("downloads"))
        return joined.group_by("period", *keys).agg(nw.col("value").sum())


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "a window of many digits": (lambda: ossgeo.measure(LABS, window="9" * 5000 + "d"), "window must be a number of days or weeks"),
    "a date before all others": (lambda: ossgeo.measure(LABS, as_of="0001-01-01"), "as_of must lie between 1900-01-01 and 2200-01-01"),
    "a path for a panel": (lambda: ossgeo.measure("folder"), "panel must be a Panel, got str"),  # type: ignore[arg-type]
    "a frame for a panel": (lambda: analysis.influence(pl.DataFrame()), "panel must be a Panel, got DataFrame"),  # type: ignore[arg-type]
    "a table for a panel": (lambda: analysis.sensitivity(TABLE, {"denominator": ["all"]}), "panel must be a Panel, got ShareTable"),  # type: ignore[arg-type]
    "a list for a grid": (lambda: analysis.sensitivity(LABS, ["denominator"]), "the grid must be a mapping"),  # type: ignore[arg-type]
    "a path in a grid": (lambda: analysis.sensitivity(LABS, {"registry": ["x"]}), "registry must be a Registry"),
    "a panel for a table": (lambda: analysis.bounds(LABS), "table must be a ShareTable, got Panel"),  # type: ignore[arg-type]
    "a panel to grow": (lambda: analysis.growth(LABS), "table must be a ShareTable, got Panel"),  # type: ignore[arg-type]
    "a panel to cross": (lambda: analysis.crossovers(LABS, "CN", "US"), "table must be a ShareTable, got Panel"),  # type: ignore[arg-type]
    "a text for a filter": (lambda: ossgeo.measure(LABS, where="license=mit"), "where must be a mapping or a Narwhals expression, got 'license=mit'"),  # type: ignore[arg-type]
    "a column that is not there": (lambda: ossgeo.measure(LABS, where={"stars": 1}), "the models column 'stars' is not known"),
    "a year for a day": (lambda: ossgeo.measure(ossgeo.load_sample("hub-2026"), where={"created_at": (2025, None)}), "created_at must be a date or an ISO 8601 text such as '2025-10-22', got 2025"),
    "a word for a day": (lambda: ossgeo.measure(ossgeo.load_sample("hub-2026"), where={"created_at": "soon"}), "created_at must be a date or an ISO 8601 text such as '2025-10-22', got 'soon'"),
    "a column that these models lack": (lambda: ossgeo.measure(LABS, where={"likes": 1}), "no column .likes.; they have model_id"),
    "a path for a registry": (lambda: ossgeo.measure(LABS, registry="x"), "registry must be a Registry"),  # type: ignore[arg-type]
    "a mapping for a policy": (lambda: ossgeo.measure(LABS, cleaning={"stale": "drop"}), "cleaning must be a Cleaning"),  # type: ignore[arg-type]
    "a text for a method": (lambda: ossgeo.measure(LABS, method="x"), "method must be a Method, got 'x'"),  # type: ignore[arg-type]
    "a day that is none": (lambda: ossgeo.measure(LABS, as_of="tomorrow"), "as_of .* must be a date or an ISO 8601 text"),
    "a period that is none": (lambda: TABLE.at("2025"), "period must be a date or an ISO 8601 text such as '2025-10-22', got '2025'"),
    "a range that is none": (lambda: LABS.constant(start="March"), "start must be a date or an ISO 8601 text"),
    "no group at all": (lambda: TABLE.top(0), "n must be a positive number of groups, got 0"),
    "a text for a number": (lambda: TABLE.plot(top="5"), "top must be a number of groups, got '5'"),  # type: ignore[arg-type]
    "a key that is not there": (lambda: TABLE.filter(contry="CN"), "the table has no column 'contry', but period, country, .*; did you mean 'country'"),
    "one group that overtakes itself": (lambda: analysis.crossovers(TABLE, "China", "CN"), "one and other must be two groups, got CN twice"),
    "prices that are text": (lambda: ossgeo.Weighted(pl.DataFrame({"model_id": ["Qwen/a"], "weight": ["dear"]}), unit="US dollars"), "column weight must hold numbers, got 'dear'"),
    "days of prices that are text": (lambda: ossgeo.Weighted(pl.DataFrame({"model_id": ["Qwen/a"], "weight": [1.0], "start": ["May"]}), unit="US dollars"), "column start must hold dates, got 'May'"),
    "a frame for a list of models": (lambda: ossgeo.inventory(pl.DataFrame({"model_id": ["Qwen/a"]})), "source must be a list of model ids, or a path, got a DataFrame; give its column of ids"),  # type: ignore[arg-type]
    "a number for a store": (lambda: ossgeo.sources.SnapshotStore(5), "path must be a folder, got 5"),  # type: ignore[arg-type]
    "a cut table": (lambda: TABLE.top(1).at()["CN"], "'CN' is not in this cut table"),
    "a filtered table": (lambda: TABLE.filter(country="US").at()["CN"], "'CN' is not in this cut table"),
    "how concentrated a cut table is": (lambda: analysis.concentration(TABLE.top(2)), "groups were cut"),
    "how a cut table grew": (lambda: analysis.growth(TABLE.top(2)), "groups were cut"),
    "supply without birthdays": (lambda: ossgeo.measure(LABS, calculator="supply"), "supply needs it"),
    "a number for a key": (lambda: ossgeo.measure(LABS, by=5), "by must be a key, a group scheme, or a tuple or list of these, got 5"),  # type: ignore[arg-type]
    "a number for a column": (lambda: ossgeo.measure(LABS, where={5: 1}), "the models column '5' is not known"),  # type: ignore[dict-item]
    "fewer models than none": (lambda: ossgeo.explain_cell(LABS, TABLE, "CN", most=-1), "most must be a number of models from 0 on, got -1"),
    "a number for a list of models": (lambda: ossgeo.inventory(5), "source must be a list of model ids, or a path, got 5"),  # type: ignore[arg-type]
    "groups that are no mapping": (lambda: ossgeo.GroupScheme.of("x", ["DE"]), "a scheme needs a name and a mapping of groups"),  # type: ignore[arg-type]
    "a model without an id": (lambda: ossgeo.Model(""), "id must be text such as 'Qwen/Qwen3-8B', got ''"),
    "a panel for an aggregate": (lambda: ossgeo.IncrementalAggregate.of(LABS).merge(LABS), "other must be an IncrementalAggregate, got Panel"),  # type: ignore[arg-type]
    "a table for later observations": (lambda: ossgeo.IncrementalAggregate.of(LABS).extend(TABLE), "panel must be a Panel, got ShareTable"),  # type: ignore[arg-type]
    "bounds that are no result": (lambda: TABLE.plot(bounds=TABLE), r"bounds must be the result of ossgeo\.analysis\.bounds"),  # type: ignore[arg-type]
    "components in a list": (lambda: attribution.root(components=["vision encoder"]), "components must be a mapping of components to parts"),  # type: ignore[arg-type]
    "a number for relations": (lambda: attribution.lineage(by_relation=0.5), "by_relation must be a mapping of relations to parts"),  # type: ignore[arg-type]
    "fewer rows than none": (lambda: LABS.head(-1), "n must be a number of rows from 0 on, got -1"),
    "a number for a table of countries": (lambda: analysis.relative_to(TABLE, 5, column="x", source="y"), "must be a dataframe"),  # type: ignore[arg-type]
    "parts that are text": (lambda: attribution.blend({"publisher": "all"}), "parts must be positive numbers that sum to 1"),  # type: ignore[dict-item]
    "parts in a list": (lambda: attribution.blend(["publisher"]), "parts must map strategies to their parts"),  # type: ignore[arg-type]
    "a filter that is text": (lambda: attribution.when("gguf", "root"), "predicate must be a mapping or a Narwhals expression"),  # type: ignore[arg-type]
    "a weight that is text": (lambda: attribution.override({"acme": {"FR": "half"}}), "acme, weight: must be a number, got 'half'"),
    "an option of another board": (lambda: ossgeo.leaderboard_shares("x.csv", tops=1), r"leaderboard_shares\(\) has no option 'tops'; did you mean top"),  # type: ignore[call-arg]
    "a unit that does not exist": (lambda: analysis.influence(LABS, unit="modell"), "unit: the key or group scheme 'modell' is not known; did you mean 'model'"),
    "two ends that are one": (lambda: analysis.drivers(HUB, "CN"), "start must be before end, .*; the measurement has 1 period"),
    "a folder for a table": (lambda: TABLE.write_csv("/no-such-folder/x.csv"), "^/no-such-folder/x.csv cannot be written: [^;]*; choose a file in an existing folder that can be written$"),
    "a namespace with a letter too many": (lambda: ossgeo.Registry.default().get("qwenn"), "did you mean 'Qwen'"),
    "a key for a profile": (lambda: ossgeo.profile(LABS, "CN", by="model"), r"profile\(\) has no option 'by'"),
    "a panel for publishers": (lambda: analysis.publishers(LABS), "table must be a ShareTable, got Panel"),  # type: ignore[arg-type]
    "a panel for a table of claims": (lambda: ossgeo.claims.table(LABS), "claims must be a list of claims, .*, got Panel"),  # type: ignore[arg-type]
    "a panel for disputes": (lambda: ossgeo.claims.disputes(LABS), "claims must be a list of claims, .*, got Panel"),  # type: ignore[arg-type]
    "a name for claims": (lambda: ossgeo.claims.find("x", ["atom-us-2026"]), "claims must be a list of claims, .*, got str"),  # type: ignore[list-item]
    "an id for a list of ids": (lambda: ossgeo.inventory("Qwen/Qwen3-8B"), r"does not exist; ids of models must be in a list: \['Qwen/Qwen3-8B'\]"),
    "a list of strategies": (lambda: ossgeo.measure(LABS, attribution=["publisher", "root"]), r"got \['publisher', 'root'\]; ossgeo.attribution.first_of"),  # type: ignore[arg-type]
    "a cell that was not observed": (lambda: ossgeo.explain_cell(LABS, UNOBSERVED, "CN"), "not all of the window"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_error(name: str) -> None:
    call, message = MISTAKES[name]
    with pytest.raises(OssgeoError, match=message):
        call()


def test_a_table_without_its_method(tmp_path: Path) -> None:
    TABLE.write_csv(tmp_path / "x.csv")
    (tmp_path / "x.csv.method.json").unlink()
    with pytest.raises(
        SourceUnavailableError, match=r"x\.csv\.method\.json cannot be read: it does not exist; write_csv"
    ):
        ossgeo.ShareTable.read(tmp_path / "x.csv")
    with pytest.raises(SourceUnavailableError, match=r"none\.csv cannot be read"):
        ossgeo.ShareTable.read(tmp_path / "none.csv")


@pytest.mark.parametrize("group", ["Chinaland", "CHX", "Nonsense"])
def test_a_group_that_is_none_gets_no_figure(group: str) -> None:
    with pytest.raises(UnknownCountryError):
        analysis.drivers(LABS, group)
    with pytest.raises(UnknownCountryError):
        analysis.bounds(TABLE).compare("US", group)


def test_a_calculator_that_fails_or_falls_is_named() -> None:
    with pytest.raises(CalculatorContractError, match="'failing' failed: RuntimeError: boom"):
        ossgeo.measure(LABS, calculator=Failing())
    with pytest.raises(InvalidArgumentError, match="give another key"):
        ossgeo.measure(LABS, calculator=Refusing())
    with pytest.raises(CalculatorContractError, match="'falling' must return values of zero or more"):
        ossgeo.measure(LABS, calculator=Falling())


def test_days_may_be_text() -> None:
    first, last = TABLE.periods[0], TABLE.periods[-1]
    assert TABLE.at(str(first)) == TABLE.at(first)
    assert ossgeo.measure(LABS, as_of="2025-01-01") == ossgeo.measure(LABS, as_of=dt.date(2025, 1, 1))
    instant = ossgeo.measure(LABS, as_of=dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC))
    assert ossgeo.measure(LABS, method=instant.method) == instant
    assert (
        analysis.drivers(LABS, "CN", start=str(first), end=str(last)).change
        == analysis.drivers(LABS, "CN", start=first, end=last).change
    )
    assert LABS.constant(start="2025-03-01").periods == LABS.constant(start=dt.date(2025, 3, 1)).periods
    assert ossgeo.measure(LABS, where={}) == TABLE


def test_a_table_records_that_it_was_cut(tmp_path: Path) -> None:
    assert not TABLE.cut
    assert not TABLE.filter(period=TABLE.periods[-1]).cut, "its period is whole"
    assert TABLE.filter(period=TABLE.periods[-1]).at()["CN"] == TABLE.at()["CN"]
    few = TABLE.top(1)
    assert few.cut
    assert few.at()[next(iter(few.at()))] == next(iter(TABLE.at().values()))
    for name in ("few.csv", "few.parquet", "few.json"):
        getattr(few, f"write_{name.split('.')[1]}")(tmp_path / name)
        assert ossgeo.ShareTable.read(tmp_path / name).cut
    assert few.filter(period=TABLE.periods[-1]).cut


def test_what_was_not_observed_is_not_zero() -> None:
    assert UNOBSERVED.at()["CN"] is None
    assert UNOBSERVED.at()["JP"] is None
    assert "the total is 0, or not all of it was observed." in str(analysis.bounds(UNOBSERVED))
    said = str(analysis.sensitivity(LABS, {"window": [None, "3650d"]}))
    assert "over 1 of 2 combinations of choices" in said


def odd_panels() -> dict[str, ossgeo.Panel]:
    return {
        "nobody reviewed": worlds.panel([("nobodyx/a", FEBRUARY, 3), ("nobodyy/b", FEBRUARY, 4)]),
        "one country": worlds.panel([("Qwen/a", FEBRUARY, 3)]),
    }


@pytest.mark.parametrize("name", odd_panels())
def test_odd_panels_have_a_report(name: str, tmp_path: Path) -> None:
    text = ossgeo.report(odd_panels()[name], path=tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Method" in text
    words = re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"\b(nan|inf)\b", words.split("</style>")[1].split("<script")[0])


@pytest.mark.parametrize("by", ["organization", "model", "eu"])
def test_a_report_by_anything(by: str, tmp_path: Path) -> None:
    text = ossgeo.report(LABS, path=tmp_path / "page.html", by=by).read_text(encoding="utf-8")
    assert "What changed the shares?" in text or "left out because" in text


def test_without_a_share_there_is_nothing_to_report_or_to_draw(tmp_path: Path) -> None:
    for panel, window in ((LABS, "3650d"), (worlds.panel([("Qwen/a", FEBRUARY, 0)]), None)):
        with pytest.raises(InvalidArgumentError, match="no share is defined"):
            ossgeo.report(panel, path=tmp_path / "page.html", window=window)
    with pytest.raises(InvalidArgumentError, match="nothing to draw"):
        UNOBSERVED.plot()
    with pytest.raises(InvalidArgumentError, match="nothing to draw"):
        analysis.bounds(UNOBSERVED).plot()


def test_the_first_week_of_a_history_has_no_report_and_no_profile(tmp_path: Path) -> None:
    young = worlds.panel([("Qwen/a", FEBRUARY, 3)], counter="downloads_all_time")
    with pytest.raises(InvalidArgumentError, match=r"(all-time|cumulative) counters need two observations"):
        ossgeo.report(young, path=tmp_path / "page.html")
    with pytest.raises(InvalidArgumentError, match=r"(all-time|cumulative) counters need two observations"):
        ossgeo.profile(young, "CN")


def test_places_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "not" / "there"
    for write in (TABLE.write_csv, TABLE.write_parquet, TABLE.write_json):
        with pytest.raises(OutputError, match="cannot be written"):
            write(nowhere / "table")
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        ossgeo.report(LABS, path=nowhere / "page.html")
    with pytest.raises(OutputError, match="is a folder"):
        ossgeo.report(LABS, path=tmp_path)
    assert main(["report", "lab-2025", "-o", str(tmp_path)]) == 1, "told before the panel is looked for"
    assert "is a folder; name a file in it" in capsys.readouterr().err


def test_ids_that_the_hub_cannot_have_are_errors() -> None:
    for odd in ("Qwen/Qwen3-8B/tree/main", "'Qwen/a'", "Qwen/a@main", "Qwen/a:latest", "Qwen/a\u200b", "Qwen/--a"):
        with pytest.raises(PanelError, match="cannot be used"):
            worlds.panel([(name, FEBRUARY, 1) for name in ("Qwen/a", "gpt2", odd)])
    for sample in ossgeo.list_samples():
        assert "odd_id" not in ossgeo.load_sample(sample.name).check()


def test_a_terminal_without_block_characters_gets_the_figures() -> None:
    old = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([sys.executable, "-m", "ossgeo"], capture_output=True, check=True, env=old)
    assert b"60.47%" in done.stdout


def test_arguments_of_files_do_not_fit_a_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "hub-2026", "--counter", "downloads_all_time"]) == 2
    assert "the sample hub-2026 has downloads_30d" in capsys.readouterr().err
    assert main(["measure", "hub-2026", "--column", "a=b"]) == 2
    assert "hub-2026 is a bundled sample" in capsys.readouterr().err
    assert main(["registry", "show", "google", "--on", "2025"]) == 2
    assert "--on must be a date or an ISO 8601 text" in capsys.readouterr().err
