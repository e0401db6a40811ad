"""The signatures of the public interface: every result has a type, and so has every option that is passed on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import ossgeo
from tests.unit.test_layout import public_modules


def _public_callables() -> Iterator[tuple[str, Any]]:
    """Yield the functions, and the methods of the classes, that the public modules export."""
    for module in ["ossgeo", *public_modules()]:
        found = import_module(module)
        for name in getattr(found, "__all__", ()):
            thing = getattr(found, name)
            if inspect.isfunction(thing):
                yield f"{module}.{name}", thing
            elif inspect.isclass(thing) and thing.__module__.startswith("ossgeo"):
                for attribute, member in vars(thing).items():
                    inner = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                    if not attribute.startswith("_") and inspect.isfunction(inner):
                        yield f"{module}.{name}.{attribute}", inner


CALLABLES = dict(_public_callables())


@pytest.mark.parametrize("name", CALLABLES)
def test_no_result_and_no_option_is_of_any_type(name: str) -> None:
    signature = inspect.signature(CALLABLES[name])
    assert signature.return_annotation not in ("Any", inspect.Signature.empty), (
        f"{name} must name the type of its result"
    )
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            assert parameter.annotation != "Any", f"{name}: type **{parameter.name} by Unpack of a TypedDict"


def test_the_walk_finds_the_interface() -> None:
    assert {"ossgeo.measure", "ossgeo.ShareTable.plot", "ossgeo.sources.read_panel"} & {*CALLABLES}
    assert len(CALLABLES) > 200
    assert ossgeo.measure is CALLABLES["ossgeo.measure"]
