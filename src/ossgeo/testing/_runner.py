"""The runner of the checks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import attrs

from ossgeo import plugins
from ossgeo.errors import ConformanceError, OssgeoError, UnknownNameError

_NEAR = 0.8
"""From this likeness on, a name is taken for a misspelled one."""


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
        """Return how many checks ran, and why the others did not apply."""
        ran = len(self.passed) + len(self.expected)
        parts = [f"{self.subject}: {ran} checks ran, {len(self.passed)} passed"]
        parts += [f"{len(self.expected)} failed as expected"] if self.expected else []
        parts += [f"{len(self.not_applicable)} not applicable"] if self.not_applicable else []
        return "\n".join([", ".join(parts), *(f"  - {name}: {why}" for name, why in self.not_applicable.items())])


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
    anticipated: dict[str, str] = {}
    for check in listed:
        try:
            check()
        except NotApplicable as reason:
            absent[check.name] = str(reason)
        except Exception as error:  # noqa: BLE001  # whatever it is, the check failed
            (anticipated if check.name in expected else failed)[check.name] = expected.get(check.name) or _error_text(
                error
            )
        else:
            passed.append(check.name)
            if check.name in expected:
                failed[check.name] = f"passed, although it was expected to fail ({expected[check.name]})"
    if failed:
        first = {why: name for name, why in reversed(failed.items())}
        lines = "\n".join(
            f"  - {name}: {why if first[why] == name else f'as {first[why]}'}" for name, why in failed.items()
        )
        raise ConformanceError(f"{subject} fails {len(failed)} of {len(listed)} checks\n{lines}")
    return Report(subject, tuple(passed), absent, anticipated)


def _error_text(error: Exception) -> str:
    """Return an error as text; of another library's error the first line, without its plan of a query."""
    whole = isinstance(error, OssgeoError | AssertionError)
    text = str(error) if whole else next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def require_version(subject: object) -> None:
    """Raise if a plugin does not follow the version of its contract.

    Args:
        subject: The plugin.

    Raises:
        AssertionError: The attribute ``api_version`` is missing or is another one.
    """
    fault = plugins.version_fault(subject)
    assert not fault, fault


def require_known_names(subject: object, contract: Collection[str], *, more_methods: bool = False) -> None:
    """Raise if a plugin has a public name that would be ignored: an unknown method, or a misspelled attribute.

    Args:
        subject: The plugin.
        contract: The public names of the contract.
        more_methods: Whether the plugin may have other methods, whose names are not near to one of the contract.

    Raises:
        AssertionError: With the near name, if there is one.
    """
    for name in sorted({*dir(type(subject)), *getattr(subject, "__dict__", ())} - {*contract}):
        if name.startswith("_"):
            continue
        method = callable(getattr(type(subject), name, None))
        near = difflib.get_close_matches(name, contract, n=1, cutoff=_NEAR if more_methods or not method else 0.6)
        if not near and (more_methods or not method):
            continue  # an option of the plugin
        hint = f"; did you mean {near[0]!r}?" if near else "; start its name with an underscore"
        what = "a method" if method else "an attribute"
        raise AssertionError(f"{name!r} is not {what} of the contract and would be ignored{hint}")
