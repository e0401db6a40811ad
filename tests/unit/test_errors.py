from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest

import ossgeo
from ossgeo import errors
from ossgeo.errors import Fault, OssgeoError, PanelError, UnknownCountryError


def test_every_error_is_an_ossgeo_error_and_a_builtin() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OssgeoError)]
    assert len(kinds) > 12
    for kind in kinds:
        if kind is not OssgeoError:
            assert issubclass(kind, OSError | ValueError | LookupError | RuntimeError | ImportError | AssertionError), (
                kind
            )
            assert not issubclass(kind, KeyError), kind
            assert kind.__name__ in (errors.__doc__ or "") or kind.__name__.startswith("_"), kind


def test_an_unknown_name_pickles_with_its_suggestions() -> None:
    error = UnknownCountryError.among("Chin", ["China", "Chile", "France"], what="country", remedy="use a code")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "country 'Chin' is not known (use a code); did you mean 'China' or 'Chile'?"
    assert (again.value, again.suggestions) == ("Chin", ("China", "Chile"))


def test_warnings_are_described() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.OssgeoWarning)
    ]
    assert [kind.__name__ for kind in kinds if kind.__name__ not in (errors.__doc__ or "")] == []


def test_few_known_names_are_listed_if_none_is_near() -> None:
    few = errors.UnknownSampleError.among("x", ["two", "one"], what="sample")
    assert str(few) == "sample 'x' is not known (the known ones are one, two)"
    many = errors.UnknownSampleError.among("x", map(str, range(99)), what="sample")
    assert str(many) == "sample 'x' is not known"


def test_faults_are_listed_and_printed_once() -> None:
    error = PanelError("two faults", [Fault("a", "is wrong"), Fault("b", "is wrong", "mend it")])
    assert str(error) == "two faults\n  - a: is wrong\n  - b: is wrong (mend it)"
    assert [fault.place for fault in error.faults] == ["a", "b"]
    printed = "".join(traceback.format_exception(error))
    assert printed.count("a: is wrong") == printed.count("b: is wrong") == 1
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    with pytest.raises(ValueError, match="p: is wrong"):
        raise PanelError.of("p", "is wrong", "mend it")


HOSTILE = "\x1b]0;title\x07\x1b[31m\u202e\u2066\u2028"


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidArgumentError(f"no {HOSTILE}"),
        errors.SourceUnavailableError(f"no {HOSTILE}"),
        errors.UnknownNameError(f"no {HOSTILE}", value="x", suggestions=[HOSTILE]),
        errors.Fault(f"file {HOSTILE}", f"value {HOSTILE}", f"use {HOSTILE}"),
        errors.PanelError(f"no {HOSTILE}", [errors.Fault(HOSTILE, HOSTILE)]),
        errors.PanelError.of(HOSTILE, HOSTILE, HOSTILE),
        errors.LowCoverageWarning(HOSTILE),
    ],
)
def test_no_control_character_of_a_file_reaches_the_terminal_through_an_error(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert all(one.isprintable() or one == "\n" for one in str(error))


def test_source_and_scope_of_a_panel_are_printed_without_control_characters(tmp_path: Path) -> None:
    file = tmp_path / f"a{HOSTILE}.csv"
    file.write_text("model_id,date,downloads_30d\nQwen/a,2026-01-01,5\n", encoding="utf-8")
    table = ossgeo.measure(ossgeo.read_panel(file, scope=HOSTILE))
    texts = str(table) + table.cite() + repr(table.method) + table._repr_html_() + repr(ossgeo.read_panel(file))
    assert not set(HOSTILE) - set("]0;title[31m") & set(texts)


def test_a_long_message_is_cut_and_says_so() -> None:
    error = errors.InvalidArgumentError("x" * 1_000_000)
    assert str(error).endswith("... (1,000,000 characters)")
    assert len(str(error)) < 10_000
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_equal_faults_of_many_files_are_one_line() -> None:
    faults = [Fault(f"{number}.json", "has no date", "give one") for number in range(20)]
    found = PanelError("the folder cannot be read", [*faults[:2], Fault("x.json", "is empty"), *faults[2:]])
    assert (
        str(found) == "the folder cannot be read\n  - 0.json and 19 more: has no date (give one)\n  - x.json: is empty"
    )
    assert len(found.faults) == 21
    two = PanelError("the folder cannot be read", faults[:2])
    assert str(two).endswith("\n  - 0.json: has no date (give one)\n  - 1.json: has no date (give one)")
