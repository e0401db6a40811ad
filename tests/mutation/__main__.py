"""Mutants: change one expression at a time, and count how many changes the tests notice.

``python -m tests.mutation`` draws mutants at random (the seed is printed) from the packages where a wrong figure could be
made, and runs for each the tests that execute the changed line. The operators are those of Cosmic Ray; its own runner is not
used, since it runs one command for every mutant, and one run of all tests takes minutes.
"""

from __future__ import annotations

import argparse
import ast
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final

import attrs
from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from coverage import CoverageData

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "ossgeo"
TESTS: Final = {
    "panel": ("oracle", "unit/test_flows.py", "unit/test_quality.py", "unit/test_panel.py", "unit/test_renames.py",
              "unit/test_models.py", "unit/test_filters.py", "unit/test_openness.py", "unit/shares/test_measure.py"),
    "attribution": ("oracle", "unit/attribution", "unit/test_renames.py"),
    "shares": ("oracle", "unit/shares", "unit/test_flows.py", "unit/analysis/test_complete_periods.py",
               "unit/attribution/test_explain.py", "property/test_incremental.py"),
    "analysis": ("unit/analysis",),
    "claims": ("unit/test_claims.py",),
}  # fmt: skip
"""The tests of each package."""

OPERATORS: Final = (
    *(f"core/ReplaceComparisonOperator_{pair}" for pair in (
        "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Eq_NotEq", "NotEq_Eq", "Lt_Gt", "Gt_Lt", "Is_IsNot", "IsNot_Is")),
    *(f"core/ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Add", "Pow_Mul", "BitOr_BitAnd", "BitAnd_BitOr")),
    "core/ReplaceUnaryOperator_Delete_Not", "core/ReplaceUnaryOperator_Delete_Invert", "core/ReplaceUnaryOperator_Delete_USub",
    "core/ReplaceTrueWithFalse", "core/ReplaceFalseWithTrue", "core/ReplaceAndWithOr", "core/ReplaceOrWithAnd", "core/AddNot",
    "core/NumberReplacer", "core/ReplaceBreakWithContinue", "core/ReplaceContinueWithBreak", "core/ZeroIterationForLoop",
)  # fmt: skip
"""Boundaries, conventions and arithmetic; operators that only break the syntax of types or imports are left out."""

LIMIT: Final = 400
"""Seconds after which a run of tests counts as failed: the mutant does not end."""


@attrs.frozen
class Mutant:
    """One change.

    Attributes:
        file: The path within the package.
        operator: The name of the operator.
        occurrence: Which of the operator's places in the file.
        line: The line of the place.
    """

    file: str
    operator: str
    occurrence: int
    line: int


class _Places(Visitor):  # type: ignore[misc]  # Cosmic Ray has no types
    """Collects the places of every operator in one walk."""

    def __init__(self) -> None:
        self.operators = {name: get_operator(name)() for name in OPERATORS}
        self.found: dict[str, list[int]] = defaultdict(list)

    def visit(self, node: Any) -> Any:
        for name, operator in self.operators.items():
            self.found[name] += [start[0] for start, _ in operator.mutation_positions(node)]
        return node


def _ignored(code: str) -> set[int]:
    """Return the lines of annotations and of imports for the type checker, which do not run."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(code)):
        ignored: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]
            ignored = [node.returns, *(argument.annotation for argument in arguments)]
        elif isinstance(node, ast.AnnAssign):
            ignored = [node.annotation]
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            ignored = [node]
        for part in ignored:
            if part is not None:
                lines |= set(range(part.lineno, (part.end_lineno or part.lineno) + 1))  # type: ignore[attr-defined]
    return lines


def places(package: str) -> Iterator[Mutant]:
    """Yield every possible mutant of a package.

    A line that holds an annotation is left out as a whole, unless it is an assignment with a value.
    """
    for path in sorted((SOURCE / package).rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        visitor = _Places()
        visitor.walk(get_ast(code))
        ignored = _ignored(code)
        for name, lines in visitor.found.items():
            for occurrence, line in enumerate(lines):
                if line not in ignored:
                    yield Mutant(str(path.relative_to(SOURCE)), name, occurrence, line)


def drawn(packages: list[str], number: int, seed: int) -> list[Mutant]:
    """Return a random sample: first a place (file and line), then one of its mutants."""
    by_place: dict[tuple[str, int], list[Mutant]] = defaultdict(list)
    for package in packages:
        for mutant in places(package):
            by_place[mutant.file, mutant.line].append(mutant)
    chance = random.Random(seed)
    chosen = chance.sample(sorted(by_place), min(number, len(by_place)))
    return [chance.choice(by_place[place]) for place in chosen]


def run_tests(source: Path, tests: list[str]) -> bool:
    """Return whether tests fail, or do not end, on a copy of the sources."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def contexts(package: str, folder: Path) -> CoverageData:
    """Run the tests of a package once, and return which test executes which line."""
    file = folder / f"coverage-{package}"
    if not file.exists():
        options = ("--cov=ossgeo", "--cov-context=test", "--cov-report=", "--cov-fail-under=0")
        environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent), "COVERAGE_FILE": str(file)}
        tests = [f"tests/{name}" for name in TESTS[package]]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            file.unlink(missing_ok=True)
            raise SystemExit(f"the tests of {package} fail without a mutant:\n{done.stdout[-3000:]}")
    data = CoverageData(str(file))
    data.read()
    return data


def package_of(mutant: Mutant) -> str:
    """Return the package of a mutant."""
    return mutant.file.split("/", maxsplit=1)[0]


def tests_of(mutant: Mutant, data: CoverageData) -> list[str]:
    """Return the tests that execute the line of a mutant; all of the package for a line that runs at import."""
    by_line = data.contexts_by_lineno(str(SOURCE / mutant.file))
    names = {name.split("|")[0].split("[")[0] for name in by_line.get(mutant.line, [])}
    if "" in names or not names:
        return [f"tests/{name}" for name in TESTS[package_of(mutant)]]
    return sorted(names)


def judged(mutant: Mutant, tests: list[str], copies: queue.Queue[Path]) -> tuple[bool, str]:
    """Return whether a mutant is killed, and its line."""
    copy = copies.get()
    path = copy / "ossgeo" / mutant.file
    code = path.read_text(encoding="utf-8")
    changed = mutate_code(code, get_operator(mutant.operator)(), mutant.occurrence)
    try:
        path.write_text(changed, encoding="utf-8")
        os.utime(path, (time.time() + 10**6,) * 2)  # so that no compiled file is taken for it
        killed = run_tests(copy, tests)
    finally:
        path.write_text(code, encoding="utf-8")
        os.utime(path, (time.time() - 10**6,) * 2)
        copies.put(copy)
    said = changed.splitlines()[mutant.line - 1].strip()
    return killed, f"{mutant.file}:{mutant.line} {mutant.operator.removeprefix('core/')}: {said}"


def main() -> None:
    """Draw mutants, run their tests, and print the figure and the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--number", type=int, default=200, help="how many mutants")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="to draw the same again"
    )
    parser.add_argument("--packages", nargs="+", choices=sorted(TESTS), default=sorted(TESTS))
    parser.add_argument("--coverage", type=Path, help="a folder that keeps the runs with coverage")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    given = parser.parse_args()
    sample = drawn(given.packages, given.number, given.seed)
    print(f"{len(sample)} mutants of {', '.join(given.packages)}, seed {given.seed}", flush=True)
    survivors = []
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(given.jobs) as pool:
        folder = given.coverage or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        data = dict(zip(given.packages, pool.map(lambda name: contexts(name, folder), given.packages), strict=True))
        copies: queue.Queue[Path] = queue.Queue()
        for job in range(given.jobs):
            copies.put(Path(shutil.copytree(SOURCE, Path(temporary) / str(job) / "ossgeo")).parent)
        work = {pool.submit(judged, one, tests_of(one, data[package_of(one)]), copies): one for one in sample}
        for number, done in enumerate(as_completed(work), start=1):
            killed, said = done.result()
            survivors += [] if killed else [said]
            print(f"{number}/{len(sample)} {'killed' if killed else 'SURVIVED'} {said[:150]}", flush=True)
    killed_count = len(sample) - len(survivors)
    print(f"{killed_count} of {len(sample)} mutants killed ({killed_count / max(len(sample), 1):.1%})")
    print("\n".join(sorted(survivors)))


if __name__ == "__main__":
    main()
