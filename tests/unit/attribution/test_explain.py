from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo import Country, Model, attribution
from ossgeo.attribution import ModelTable, blend, first_of, override, repackager_passthrough, when
from ossgeo.errors import InvalidArgumentError, UnknownCountryError
from tests.worlds import JANUARY, registry, two_dates

DAY = dt.date(2026, 4, 30)
SAMPLE = "unsloth/Mistral-Medium-3.5-128B-GGUF"


def test_by_the_id_alone() -> None:
    said = ossgeo.explain("Mover/x", on=dt.date(2025, 3, 1), registry=registry())
    assert [str(credit.country) for credit in said.credits] == ["US"]
    assert "not in the models table" in str(said)
    assert "affiliations: mover (Mover) has its headquarters in US from 2025-02-15" in str(said)
    nobody = ossgeo.explain("who/x", registry=registry())
    assert [str(credit.country) for credit in nobody.credits] == ["unreviewed"]
    assert "who is not in the registry on that day" in str(nobody)
    assert nobody.on == dt.date.today()


def test_days_as_text_and_ids_that_are_none() -> None:
    said = ossgeo.explain("Mover/x", on="2025-03-01", registry=registry())
    assert said == ossgeo.explain("Mover/x", on=dt.date(2025, 3, 1), registry=registry())
    with pytest.raises(InvalidArgumentError, match="on must be a date or an ISO 8601 text"):
        ossgeo.explain("Mover/x", on="soon", registry=registry())
    wrong: list[Any] = ["", " ", None, 7]
    for one in wrong:
        with pytest.raises(InvalidArgumentError, match="model_id must be an id"):
            ossgeo.explain(one, registry=registry())


def test_the_tree_of_a_lineage() -> None:
    models = ModelTable.of(ossgeo.load_sample("trending-2026").models)
    said = ossgeo.explain(SAMPLE, on=DAY, attribution="lineage", models=models)
    assert said.known
    (base,) = said.step.steps
    assert base.model_id == "mistralai/Mistral-Medium-3.5-128B"
    assert base.rule == "publisher"
    assert base.evidence
    assert str(said).splitlines()[-1] == "   credits: FR (mistral-ai) 100.0%; confidence: certain"
    assert "<pre>" in said._repr_html_()


def test_every_combinator_shows_the_strategies_that_it_evaluated() -> None:
    model = Model("Qin/a", library="gguf")
    for rule, asked in (
        (first_of("declared", "publisher", "root"), ["declared", "publisher"]),
        (blend({"publisher": 0.5, "root": 0.5}), ["publisher", "root"]),
        (when({"library": "gguf"}, "root"), ["root"]),
        (when({"library": "onnx"}, "root"), ["publisher"]),
        (override({"Qin": "DE"}), [str(attribution.table({"Qin": "DE"}))]),
        (repackager_passthrough(), ["publisher"]),
        ("direct-base", ["publisher"]),
    ):
        said = ossgeo.explain(model, on=DAY, attribution=rule, registry=registry())
        assert [step.rule for step in said.step.steps] == asked, rule


def test_all_strategies_are_evaluated_if_all_abstain() -> None:
    said = ossgeo.explain("who/x", on=DAY, attribution=first_of("declared", "publisher"), registry=registry())
    assert [step.answer for step in said.step.steps] == [None, None]


def test_an_organization_of_the_users_own_table() -> None:
    import polars as pl

    table = pl.DataFrame({"namespace": ["who"], "country": ["CH"], "organization": ["mine"]})
    said = ossgeo.explain("who/x", on=DAY, attribution=attribution.table(table), registry=registry())
    assert str(said).splitlines()[-1] == "   credits: CH (mine) 100.0%; confidence: likely"
    assert "affiliations" not in str(said)


def test_hostile_names_are_escaped() -> None:
    said = ossgeo.explain("<script>alert(1)</script>/x", registry=registry())
    assert "<script>" not in said._repr_html_()


@pytest.mark.filterwarnings("ignore::ossgeo.errors.VoidOptionWarning")
def test_a_cell() -> None:
    panel = two_dates()
    table = ossgeo.measure(panel, registry=registry(), attribution=first_of("declared", "publisher"))
    cell = ossgeo.explain_cell(panel, table, "CN")
    assert (cell.value, cell.models.rows()) == (200.0, [("Qin/a", 200.0, 1.0)])
    assert str(cell).splitlines()[0] == "CN at 2025-03-02: 200 downloads of 1 model"
    assert "choice 2: publisher -> CN (qin) 100.0%" in str(cell)
    early = ossgeo.explain_cell(panel, table, "GB", JANUARY)
    assert early.to_polars()["model"].to_list() == ["Mover/b"]
    assert early.explanations[0].on == JANUARY
    assert "<pre>" in early._repr_html_()


def test_cells_of_several_keys_and_other_dates() -> None:
    panel = two_dates()
    table = ossgeo.measure(panel, by=("country", "organization"), registry=registry(), as_of=dt.date(2025, 1, 1))
    cell = ossgeo.explain_cell(panel, table, ("GB", "mover"))
    assert cell.explanations[0].on == dt.date(2025, 1, 1)
    assert cell.value == 60
    whole = ossgeo.explain_cell(panel, ossgeo.measure(panel, registry=registry()), "unreviewed", most=1)
    assert str(whole).endswith("and 1 more models")


@pytest.mark.parametrize("name", ["CN", "China", "chn", Country("CN")])
def test_the_country_of_a_cell_may_be_given_by_any_code_or_name(name: Any) -> None:
    panel = two_dates()
    one = ossgeo.explain_cell(panel, ossgeo.measure(panel, registry=registry()), name)
    assert (one.group, one.value, one.models["model"].to_list()) == ("CN", 200.0, ["Qin/a"])
    several = ossgeo.measure(panel, by=("country", "organization"), registry=registry())
    both = ossgeo.explain_cell(panel, several, (name, "qin"))
    assert (both.group, both.value, both.models["model"].to_list()) == (("CN", "qin"), 200.0, ["Qin/a"])


def test_cells_by_creation() -> None:
    panel = ossgeo.load_sample("trending-2026")
    cell = ossgeo.explain_cell(panel, ossgeo.measure(panel, as_of="creation"), "US", most=2)
    created = ModelTable.of(panel.models)[cell.models["model"][0]].created_at
    assert created is not None
    assert cell.explanations[0].on == created.date()


def test_cells_that_cannot_be_explained(tmp_path: object) -> None:
    panel = two_dates()
    table = ossgeo.measure(panel, registry=registry())
    with pytest.raises(InvalidArgumentError, match="was measured on panel"):
        ossgeo.explain_cell(ossgeo.load_sample(), table, "CN")
    with pytest.raises(InvalidArgumentError, match="period must be one of the table's periods"):
        ossgeo.explain_cell(panel, table, "CN", dt.date(1999, 1, 1))
    with pytest.raises(UnknownCountryError):
        ossgeo.explain_cell(panel, table, "Chinaa")
    with pytest.raises(InvalidArgumentError, match=r"ossgeo\.explain"):
        ossgeo.explain_cell(panel, ossgeo.measure(panel, by="model", registry=registry()), "Qin/a")
    read = ossgeo.ShareTable(table.to_polars(), type(table.method).from_dict(table.method.to_dict()),
                             table.coverage, table.adjustments, "")  # fmt: skip
    with pytest.raises(InvalidArgumentError, match="read from a file"):
        ossgeo.explain_cell(panel, read, "CN")


@pytest.mark.parametrize("strategy", ["root", "lineage", "direct-base"])
def test_a_model_without_a_declared_base_model_is_not_presented_as_certain(strategy: str) -> None:
    models = pl.DataFrame(
        {
            "model_id": ["Rakuten/RakutenAI-3.0", "unsloth/x"],
            "namespace": ["Rakuten", "unsloth"],
            "base_models": [[], [{"relation": "finetune", "model_id": "Qwen/y"}]],
        },
        schema_overrides={"base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))},
    )
    models = models.with_columns(pl.col("model_id").replace("Rakuten/RakutenAI-3.0", "Rakuten/other"))
    own = "from Rakuten/other (itself; "
    found = ossgeo.explain("Rakuten/other", attribution=strategy, models=models)
    assert own + "no base declared)" in str(found)
    assert found.confidence is None
    assert str(found).endswith("; no base declared, so that the model counts as its own root")
    for unknown in (None, models.drop("base_models")):
        text = str(ossgeo.explain("Rakuten/other", attribution=strategy, models=unknown))
        assert own + "base models unknown)" in text
    assert "itself;" not in str(ossgeo.explain("unsloth/x", attribution=strategy, models=models))
