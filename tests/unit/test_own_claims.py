"""Claims of a file of one's own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo import claims
from ossgeo.claims._files import _DEFAULTS, _REQUIRED
from ossgeo.cli import main
from ossgeo.errors import PanelError, SourceUnavailableError

HEAD = "claim,statement,group,value,start,end"
ROW = "ours,China had 18 %,China,0.18,2025-08-09,2025-09-07"


def written(folder: Path, *lines: str) -> Path:
    file = folder / "ours.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_claim_needs_six_columns(tmp_path: Path) -> None:
    (claim,) = claims.read(written(tmp_path, HEAD, ROW))
    assert (claim.id, claim.group, claim.value, claim.tolerance) == ("ours", "CN", 0.18, 0.005)
    assert (claim.start, claim.end, claim.quantity) == (dt.date(2025, 8, 9), dt.date(2025, 9, 7), "China had 18 %")
    assert claim.scope == "every public model on the Hub"
    found = claims.evaluate(ossgeo.load_sample("labs-2025"), claim, population="hub")
    assert (found.verdict, round(found.ours or 0, 3)) == (claims.Verdict.REPRODUCED, 0.182)
    assert (
        claims.evaluate(ossgeo.load_sample("labs-2025"), attrs.evolve(claim, value=0.4, tolerance=0.005)).verdict
        != found.verdict
    )


def test_the_bundled_table_is_a_file_of_claims(tmp_path: Path) -> None:
    bundled = Path(ossgeo.__file__).parent / "data" / "claims.csv"
    assert claims.read(bundled) == claims.load()
    assert {*_REQUIRED, *_DEFAULTS} == {*pl.read_csv(bundled, infer_schema=False).columns}
    header = f"{HEAD},denominator,age_cap,where"
    (claim,) = claims.read(written(tmp_path, header, f"{ROW},attributed,365d,license=mit"))
    assert (claim.choices["denominator"], claim.choices["age_cap"]) == ("attributed", "365d")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "row 1: has no column claim, statement, group, value, start, end (it has none)"),
        ([HEAD], "ours.csv: holds no claim (the first line names the columns: claim,"),
        ([HEAD.replace("value,", ""), ROW.replace("0.18,", "")], "row 1: has no column value (it has claim,"),
        ([f"{HEAD},denominater", f"{ROW},all"], "row 1: has an unknown column 'denominater' (did you mean denominator?)"),
        ([f"{HEAD},xyz", f"{ROW},all"], "has an unknown column 'xyz' (the columns are claim, statement,"),
        (["xxxx", "a"], "end (it has xxxx)"),
        ([HEAD, ROW.replace("0.18", "18")], "row 2, column value: 18 is not a part of 1 (write 41 % as 0.41)"),
        ([HEAD, ROW.replace("0.18", "18 %,")], "row 2: has 7 cells, the header has 6"),
        ([HEAD, ROW.replace(",0.18", ",18%")], "row 2, column value: '18%' is not a number (write 41 % as 0.41)"),
        ([HEAD, ROW.replace(",0.18", ",nan")], "row 2, column value: 'nan' is not a number"),
        ([HEAD, ROW.replace(",China,", ",Atlantis,")], "row 2, column group: country 'Atlantis' is not known"),
        ([HEAD, ROW.replace(",China,", ",,")], "row 2, column group: is empty (give it)"),
        ([HEAD, ROW.replace("2025-08-09", "9/8/2025")], "row 2, column start: '9/8/2025' is not a date such as 2025-09-07"),
        ([HEAD, ROW.replace("2025-09-07", "2025-01-01")], "row 2, column end: 2025-01-01 is before the start 2025-08-09"),
        ([HEAD, ROW, ROW], "row 3, column claim: 'ours' occurs twice in the file (give each claim its own id)"),
        ([f"{HEAD},kind", f"{ROW},part"], "row 2, column kind: 'part' is not one of share, ahead, overtook,"),
        ([f"{HEAD},where", f"{ROW},license"], "row 2, column where: where must be column=value"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_value_and_remedy(lines: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(PanelError) as caught:
        claims.read(written(tmp_path, *lines))
    assert message in str(caught.value)
    assert len(caught.value.faults) == 1


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="none does not exist"):
        claims.read(tmp_path / "none")
    with pytest.raises(SourceUnavailableError, match="is not a file"):
        claims.read(tmp_path)
    (tmp_path / "odd.csv").write_bytes(b"claim\xff")
    with pytest.raises(PanelError, match=r"odd.csv, byte 5: is not UTF-8"):
        claims.read(tmp_path / "odd.csv")


def test_the_shell_reads_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(
        written(tmp_path, f"{HEAD},quantity", f"{ROW},q", f"{ROW.replace('ours', 'theirs').replace('0.18', '0.2')},q")
    )
    assert main(["claims", "--file", file]) == 0
    assert capsys.readouterr().out.split()[0] == "ours"
    assert main(["claims", "--file", file, "ours", "labs-2025"]) == 0
    assert "Claimed 18.0%, here 18.2%" in capsys.readouterr().out
    assert main(["claims", "--file", file, "--disputes"]) == 0
    assert "q: the claims differ in" in capsys.readouterr().out
    assert main(["claims", "--file", file, "--csv"]) == 0
    assert capsys.readouterr().out.count("\n") == 3
    assert main(["claims", "--file", file, "our"]) == 2
    assert "claim 'our' is not known; did you mean 'ours'" in capsys.readouterr().err
