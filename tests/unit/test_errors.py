from __future__ import annotations

import pickle

import pytest

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


def test_faults_can_be_caught_one_by_one() -> None:
    error = PanelError("two faults", [Fault("a", "is wrong"), Fault("b", "is wrong", "mend it")])
    assert str(error) == "two faults\n  - a: is wrong\n  - b: is wrong (mend it)"
    part, rest = error.split(lambda one: isinstance(one, Fault) and one.place == "a")
    assert isinstance(part, PanelError)
    assert isinstance(rest, PanelError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    with pytest.raises(ValueError, match="p: is wrong"):
        raise PanelError.of("p", "is wrong", "mend it")
