"""Lists of models in place of a panel, and several countries in one cell."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import ossgeo
from ossgeo.attribution import Context, ModelTable
from ossgeo.errors import PanelError
from ossgeo.registry._countries import parse_places

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
LIST = pl.DataFrame({
    "name": ["One 7B", "Two", "Three", "Four", "Five"],
    "published": ["2024-01-05", "2024-06-01", "2025-02-01", "2025-03-01", None],
    "country": ["China", "China, Multinational, Korea (Republic of), United States of America", "France; Germany", "Atlantis", "China"],
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("China", "CN"),
        ("China, Hong Kong, Singapore", "CN HK SG"),
        ("Korea, Rep.", "KR"),
        ("China, Korea, Rep., Congo, Dem. Rep.", "CN KR CD"),
        ("Bahamas, The; Iran, Islamic Rep.", "BS IR"),
        ("France|Germany|France", "FR DE"),
        ("Multinational, United Kingdom of Great Britain and Northern Ireland", "international GB"),
        ("China, Atlantis", None),
        ("Atlantis", None),
        ("", None),
        ("China,", "CN"),
    ],
)
def test_several_countries_in_a_text(text: str, codes: str | None) -> None:
    found = parse_places(text)
    assert (None if found is None else " ".join(map(str, found))) == codes


def test_a_list_of_models_is_counted_by_country_and_year() -> None:
    columns = {"name": "model_id", "published": "created_at", "country": "declared_country"}
    models = ossgeo.read_models(LIST, columns=columns)
    table = ossgeo.measure(models, attribution="declared", every="1y")
    assert table.method.calculator == "supply"
    values = {
        (str(row[0])[:4], row[1]): row[2] for row in table.to_polars().select("period", "country", "value").rows()
    }
    assert values == {
        ("2024", "CN"): 1.25, ("2024", "KR"): 0.25, ("2024", "US"): 0.25, ("2024", "international"): 0.25,
        ("2025", "FR"): 0.5, ("2025", "DE"): 0.5, ("2025", "unreviewed"): 1.0,
    } | {key: 0.0 for key in values if values[key] == 0}  # fmt: skip
    counts = {note.code: note.count for note in table.adjustments.items_}
    assert (counts["declared_unread"], counts["creation_unknown"]) == (1, 1)
    full = ossgeo.measure(models, attribution="declared", every="1y", counting="full").at("2024-12-31")
    assert full["CN"] == pytest.approx(1.0)
    assert full["KR"] == pytest.approx(0.5)


def test_the_row_form_of_declared_agrees_with_the_frame_form() -> None:
    model = ossgeo.Model("Two", declared_country="China, Korea, Rep.")
    context = Context(ossgeo.Registry.default(), ModelTable.of(None))
    said = ossgeo.attribution.resolve("declared").attribute(model, on=dt.date(2025, 1, 1), context=context)
    assert said is not None
    assert [(str(credit.country), credit.weight) for credit in said.credits] == [("CN", 0.5), ("KR", 0.5)]


def test_a_list_without_dates_is_an_error() -> None:
    for models in (LIST.select(model_id="name"), LIST.select(model_id="name", created_at=pl.lit(None, pl.Date))):
        with pytest.raises(PanelError, match="no date of publication"):
            ossgeo.measure(models)
