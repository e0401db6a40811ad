"""The published datasets, written in their exact layout and served to the real client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import OssgeoWarning, SourceFormatError, SourceUnavailableError
from ossgeo.sources import HubStats, OpenModelEvolution
from ossgeo.sources._datasets.hub_stats import WEEKLY
from ossgeo.sources._datasets.open_model_evolution import FILE, REPOSITORY
from tests.hub_server import FakeHub, fake_hub

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    from huggingface_hub import constants, file_download

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert file_download is not None
    with fake_hub() as running:
        yield running


def study() -> pl.DataFrame:
    """Rows in the study's schema: two models at two times, one of a "user", one made from a Chinese model."""
    rows = []
    for time, factor in ((dt.datetime(2025, 2, 1), 1), (dt.datetime(2025, 3, 1), 3)):
        for name, countries, derived, count in (
            ("Qwen/a", ["China"], ["China"], 1000),
            ("ann/b", ["user"], ["China", "United States of America"], 100),
            ("both/c", ["France", "Germany"], None, 10),
            ("net/d", ["International/Online"], ["Atlantis"], 1),
        ):
            rows.append({
                "_id": name, "model": name, "author": name.split("/")[0], "time": time, "created": dt.datetime(2024, 1, 1),
                "downloadsAllTime": count * factor, "annotator": "x", "org_model": "m", "org_type": "t",
                "org_country": countries, "derived_author": None, "org_country_single": countries[0],
                "derived_org_country": derived, "derived_org_country_single": None,
                "merged_country_groups_single": "g", "merged_derived_country_groups_single": "g",
                "merged_derived_from": ["x"], "merged_languages": ["en"], "merged_modality": "text",
            })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def test_the_study_and_its_labels_beside_ours(server: FakeHub, tmp_path: Path) -> None:
    study().write_parquet(tmp_path / FILE)
    server.files[REPOSITORY] = {FILE: tmp_path / FILE}
    source = OpenModelEvolution(endpoint=server.url, token=False, revision=COMMIT)
    panel = source.panel()
    assert panel.counter.column == "downloads_all_time"
    assert panel.periods == (dt.date(2025, 2, 1), dt.date(2025, 3, 1))
    assert 'label "user" covers persons' in panel.scope
    ours = ossgeo.measure(panel).at()
    theirs = ossgeo.measure(panel, attribution="study-publisher").at()
    derived = ossgeo.measure(panel, attribution="study-derived").at()
    total = 2222
    assert ours["CN"] == pytest.approx(2000 / total)
    assert {code: round((share or 0) * total, 2) for code, share in theirs.items()} == {
        "CN": 2000, "unreviewed": 200, "DE": 10, "FR": 10, "international": 2
    }  # fmt: skip
    assert {code: round((share or 0) * total, 2) for code, share in derived.items()} == {
        "CN": 2100, "US": 100, "unreviewed": 20, "unknown": 2
    }  # fmt: skip
    asked = len(server.asked)
    assert OpenModelEvolution(endpoint=server.url, token=False, revision=COMMIT).panel().size == panel.size
    assert len(server.asked) == asked, "a cached commit makes no request"
    said = ossgeo.explain("Qwen/a", attribution="study-publisher", models=panel.models)
    assert said.step.evidence[0].url == "https://arxiv.org/abs/2512.03073"


def test_a_study_file_at_hand_and_others(server: FakeHub, tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    study().with_columns(
        time=pl.col("time").dt.to_string("iso:strict"), created=pl.col("created").dt.replace_time_zone("UTC")
    ).write_parquet(path)
    assert OpenModelEvolution(path).panel().size == 8
    study().drop("org_country").write_parquet(path)
    with pytest.raises(SourceFormatError, match="no column org_country"):
        OpenModelEvolution(path).panel()
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(SourceFormatError, match="must be a Parquet file"):
        OpenModelEvolution(path).panel()
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        OpenModelEvolution(endpoint=server.url, token=False).panel()
    with pytest.raises(SourceUnavailableError):
        OpenModelEvolution(endpoint="http://127.0.0.1:9", token=False).panel()


def stats(day: dt.date, factor: int = 1) -> pl.DataFrame:
    """Rows in hub-stats' schema."""
    return pl.DataFrame({
        "_id": ["1", "2", "3"],
        "id": ["Qwen/a", "unsloth/a-GGUF", "who/c"],
        "author": ["Qwen", "unsloth", "who"],
        "createdAt": [dt.datetime(2024, 1, 1)] * 3,
        "lastModified": [dt.datetime.combine(day, dt.time(5))] * 3,
        "cardData": ['{"license": "apache-2.0"}', '{"license": "mit", "country": "France"}', None],
        "downloads": [100 * factor, 50 * factor, 5],
        "downloadsAllTime": [1000, 500, None],
        "likes": [1, 2, 3],
        "gated": ["False", "manual", None],
        "private": [False] * 3,
        "disabled": [False] * 3,
        "tags": [["a"], [], None],
        "pipeline_tag": ["text-generation"] * 3,
        "library_name": ["transformers", "gguf", None],
        "safetensors": [{"total": 7_000_000_000}, None, None],
        "baseModels": [None, {"relation": "quantized", "models": [{"_id": "1", "id": "Qwen/a"}]}, None],
    }, strict=False)  # fmt: skip


def test_hub_stats_at_hand(tmp_path: Path) -> None:
    path = tmp_path / "models.parquet"
    stats(dt.date(2026, 8, 1)).write_parquet(path)
    panel = HubStats(path).panel()
    assert panel.periods == (dt.date(2026, 8, 1),)
    models = {row["model_id"]: row for row in panel.models.collect().iter_rows(named=True)}
    assert models["unsloth/a-GGUF"]["base_models"] == [{"relation": "quantized", "model_id": "Qwen/a"}]
    assert models["unsloth/a-GGUF"]["declared_country"] == "France"
    assert (models["Qwen/a"]["license"], models["Qwen/a"]["parameters"]) == ("apache-2.0", 7_000_000_000)
    assert ossgeo.measure(panel, attribution="root").at()["CN"] == pytest.approx(150 / 155)
    assert HubStats(path, observed_on=dt.date(2026, 7, 1)).panel().periods == (dt.date(2026, 7, 1),)
    assert HubStats(path, observed_on="2026-07-01").panel().periods == (dt.date(2026, 7, 1),)
    counted = HubStats(path, counter="downloads_all_time").panel()
    assert (counted.size, counted.scope) == (2, "left out: 1 row without downloads_all_time")
    assert panel.scope == ""
    plain = stats(dt.date(2026, 8, 1)).select("id", "downloads", lastModified=pl.lit("2026-08-02T00:00:00Z"))
    plain.write_parquet(path)
    assert HubStats(path).panel().periods == (dt.date(2026, 8, 2),)
    plain.drop("lastModified").write_parquet(path)
    with pytest.raises(SourceFormatError, match="observed_on="):
        HubStats(path).panel()
    plain.with_columns(lastModified=pl.lit(None, pl.Datetime("us", "UTC"))).write_parquet(path)
    with pytest.raises(SourceFormatError, match="observed_on="):
        HubStats(path).panel()
    plain.drop("downloads").write_parquet(path)
    with pytest.raises(SourceFormatError, match="no column downloads"):
        HubStats(path).panel()
    with pytest.raises(SourceUnavailableError, match="does not exist"):
        HubStats(tmp_path / "none.parquet").panel()
    with pytest.raises(SourceUnavailableError, match="has no models"):
        HubStats(tmp_path).panel()


def weekly(folder: Path) -> dict[str, Path]:
    files = {}
    for number, day in enumerate(dt.date(2026, 8, 3) + dt.timedelta(weeks=week) for week in range(3)):
        name = f"models/{day}/models.parquet"
        (folder / name).parent.mkdir(parents=True)
        many = pl.concat([stats(day, factor=1 + min(number, 1))] * 50)
        many.with_columns(id=pl.concat_str("id", pl.int_range(pl.len()).cast(pl.String))).write_parquet(folder / name)
        files[name] = folder / name
    return files


def test_weekly_snapshots_may_be_stale(tmp_path: Path) -> None:
    weekly(tmp_path)
    panel = HubStats(tmp_path).panel()
    assert panel.periods == (dt.date(2026, 8, 3), dt.date(2026, 8, 10), dt.date(2026, 8, 17))
    assert panel.size == 450
    assert "stale_snapshot" in panel.check().codes
    with pytest.warns(OssgeoWarning):
        ossgeo.measure(panel)


def test_hub_stats_from_afar_by_ranges(server: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "models.parquet"
    many = pl.concat([stats(dt.date(2026, 8, 1))] * 20_000).with_columns(
        id=pl.concat_str("id", pl.int_range(pl.len()).cast(pl.String)),
        ballast=pl.int_range(pl.len()).hash(1).cast(pl.String),
    )
    many.write_parquet(path, row_group_size=10_000)
    server.files["cfahlgren1/hub-stats"] = {"models.parquet": path}
    panel = HubStats(endpoint=server.url, token=False, progress=True).panel()
    assert panel.size == 60_000
    assert ossgeo.measure(panel).at()["CN"]
    assert "reading datasets/cfahlgren1/hub-stats/models.parquet" in capsys.readouterr().err
    resolved = [name for name, _ in server.asked if "/resolve/" in name]
    assert resolved
    server.files[WEEKLY] = weekly(tmp_path)
    weeks = HubStats(repository=WEEKLY, endpoint=server.url, token=False).panel()
    assert len(weeks.periods) == 3
    with pytest.raises(SourceUnavailableError):
        HubStats(repository="no/such", endpoint=server.url, token=False).panel()
