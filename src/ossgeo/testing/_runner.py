"""The runner of the checks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import attrs

from ossgeo.errors import ConformanceError, UnknownNameError


class NotApplicable(Exception):  # no error: it says that a check has nothing to look at
    """Raised by a check that does not apply, with the reason."""


@attrs.frozen
class Check:
    """One check of one object; calling it raises if the object fails.

    Attributes:
        name: Name of the check.
        subject: The strategy, calculator or source.
        body: The check itself.
    """

    name: str
    subject: Any
    body: Callable[[Any], None] = attrs.field(repr=False)

    def __call__(self) -> None:
        """Run the check.

        Raises:
            AssertionError: The object fails it.
            NotApplicable: There is nothing to look at.
        """
        self.body(self.subject)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


@attrs.frozen
class Report:
    """The result of a run of the kit.

    Attributes:
        subject: Who was checked.
        passed: Names of the checks that passed.
        not_applicable: Checks that had nothing to look at, with the reasons.
        expected: Checks that failed as the caller said, with the caller's reasons.
    """

    subject: str
    passed: tuple[str, ...]
    not_applicable: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    expected: Mapping[str, str] = attrs.field(factory=dict, hash=False)

    def __str__(self) -> str:
        """Return how many checks ran."""
        ran = len(self.passed) + len(self.expected)
        parts = [f"{self.subject}: {ran} checks ran, {len(self.passed)} passed"]
        parts += [f"{len(self.expected)} failed as expected"] if self.expected else []
        parts += (
            [f"{len(self.not_applicable)} not applicable ({', '.join(self.not_applicable)})"]
            if self.not_applicable
            else []
        )
        return ", ".join(parts)


def run(subject: str, checks: Iterable[Check], expected_failures: Mapping[str, str] | None = None) -> Report:
    """Run every check, and raise one error that lists all failures.

    Args:
        subject: Who is checked, for the report.
        checks: The checks.
        expected_failures: Names of checks that must fail, each with the reason; one that passes is a failure.

    Raises:
        ConformanceError: With every check that failed, or passed against expectation.
        UnknownNameError: An expected failure names no check.
    """
    expected = dict(expected_failures or {})
    listed = list(checks)
    for name in expected:
        if name not in {check.name for check in listed}:
            raise UnknownNameError.among(name, [check.name for check in listed], what="expected failure: the check")
    passed: list[str] = []
    absent: dict[str, str] = {}
    failed: dict[str, str] = {}
    told: dict[str, str] = {}
    for check in listed:
        try:
            check()
        except NotApplicable as reason:
            absent[check.name] = str(reason)
        except Exception as error:  # noqa: BLE001  # whatever it is, the check failed
            (told if check.name in expected else failed)[check.name] = expected.get(check.name) or _said(error)
        else:
            passed.append(check.name)
            if check.name in expected:
                failed[check.name] = f"passed, although it was expected to fail ({expected[check.name]})"
    if failed:
        lines = "\n".join(f"  - {name}: {why}" for name, why in failed.items())
        raise ConformanceError(f"{subject} fails {len(failed)} of {len(listed)} checks\n{lines}")
    return Report(subject, tuple(passed), absent, told)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def require_known_methods(subject: Any, contract: Collection[str]) -> None:
    """Raise if a plugin has a public method that is not part of its contract, such as a misspelled optional one.

    Args:
        subject: The plugin.
        contract: Names of the public methods.

    Raises:
        AssertionError: With the near name, if there is one.
    """
    for name in dir(type(subject)):
        if name.startswith("_") or name in contract or not callable(getattr(type(subject), name)):
            continue
        near = difflib.get_close_matches(name, contract, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; start its name with an underscore"
        raise AssertionError(f"{name!r} is not a method of the contract and would be ignored{hint}")
