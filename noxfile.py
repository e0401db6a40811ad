"""Test sessions of ossgeo. ``nox`` runs every session that a change must pass; ``nox -l`` lists all sessions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False

PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = ".[duckdb,pandas,plot,sbom]"
FULLY_COVERED = (
    "*/ossgeo/attribution/*",
    "*/ossgeo/shares/*",
    "*/ossgeo/registry/*",
    "*/ossgeo/panel/*",
)


def _runs(version: str) -> bool:
    """Return whether an interpreter is on PATH and runs: a shim of a version manager may not."""
    found = shutil.which(f"python{version}")
    return found is not None and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0


PYTHONS = [version for version in ("3.11", "3.12", "3.13") if _runs(version)]


def _group(*names: str) -> list[str]:
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, import layers and news fragments."""
    session.install(*_group("lint"), EXTRAS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """Run mypy on everything, and check that the public types are complete."""
    session.install(*_group("types", "test"), EXTRAS)
    session.run("mypy")
    session.run("pyright", "--verifytypes", "ossgeo", "--ignoreexternal")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests and the examples of README and docs; check coverage on the first interpreter."""
    session.install(*_group("test"), EXTRAS)
    if session.python != PYTHONS[0]:
        session.run("pytest", "-q", "-x", "-n", "auto", *session.posargs)
        return
    session.run("pytest", "-n", "auto", "--cov", "--cov-report=", *session.posargs, env={"COVERAGE_FILE": ".coverage"})
    session.run("coverage", "report")
    session.run("coverage", "report", f"--include={','.join(FULLY_COVERED)}", "--fail-under=99")


@nox.session
def spark(session: nox.Session) -> None:
    """Compute the same figures on a real Spark; skipped without Java."""
    if shutil.which("java") is None:
        session.skip("Java is not installed (Debian: openjdk-17-jre-headless)")
    session.install(*_group("test"), ".[duckdb,pandas,spark]")
    session.run("pytest", "-q", "tests/spark_engine", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(*_group("docs"), EXTRAS)
    session.run("sphinx-build", "-q", "-W", "-n", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build a wheel, install only it in a clean environment, and use it from another folder."""
    session.install("build")
    built = Path(session.create_tmp()).resolve()
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(built), silent=True)
    clean = built / "clean"
    session.run("python", "-m", "venv", str(clean), silent=True)
    python = str(clean / ("Scripts" if os.name == "nt" else "bin") / "python")
    (package,) = built.glob("*.whl")
    session.run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(package), external=True)
    session.chdir(built)
    session.run(python, "-m", "ossgeo", external=True)
    code = "import ossgeo; t = ossgeo.measure(ossgeo.load_sample('hub-2026')); assert t.at()['CN'] > 0; print(t.method)"
    session.run(python, "-c", code, external=True)


@nox.session
def plugin(session: nox.Session) -> None:
    """Build the wheels of ossgeo and the example plugin, install both in a clean environment, and use the plugin by name."""
    session.install("build")
    built = Path(session.create_tmp()).resolve()
    shutil.rmtree(built, ignore_errors=True)
    example = Path("docs/examples/ossgeo-example-plugin").resolve()
    for source in (".", str(example)):
        session.run("python", "-m", "build", "--wheel", "--outdir", str(built), source, silent=True)
    clean = built / "clean"
    session.run("python", "-m", "venv", str(clean), silent=True)
    python = str(clean / ("Scripts" if os.name == "nt" else "bin") / "python")
    wheels = [str(path) for path in sorted(built.glob("*.whl"))]
    session.run(
        python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wheels, "pytest", external=True
    )
    session.chdir(built)
    session.run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(example / "tests"), external=True)
    words = ("--attribution", "academic-domain", "--calculator", "models-in-use")
    session.run(python, "-m", "ossgeo", "measure", "hub-2026", *words, external=True)
    code = (
        "import ossgeo; p = ossgeo.load_sample('hub-2026');"
        "t = ossgeo.measure(p, calculator='models-in-use', attribution=ossgeo.attribution.first_of('academic-domain', 'root'));"
        "assert abs(t.to_polars()['value'].sum() - 200) < 1e-6; print(t.method.plugins);"
        "assert len(t.method.plugins) == 2; print(ossgeo.explain('stanford-crfm/levanter', attribution='academic-domain'))"
    )
    session.run(python, "-W", "ignore", "-c", code, external=True)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the unit tests with the lowest versions that pyproject.toml allows."""
    if session.venv_backend != "uv":
        session.install("uv")
    session.run_install("uv", "pip", "install", "--quiet", "--resolution=lowest-direct", EXTRAS, external=True,
                        env={"VIRTUAL_ENV": session.virtualenv.location})  # fmt: skip
    session.install(
        "copier",
        "cyclonedx-python-lib",
        "fastexcel",
        "hatchling",
        "xlsxwriter",
        "pytest",
        "pytest-socket",
        "pytest-xdist",
        "hypothesis",
        "selenium",
        "sybil",
    )
    # a browser, and kills: they do not depend on versions
    same = ("plotting/test_page.py", "sources/test_store_stress.py")
    ignored = [f"--ignore=tests/unit/{name}" for name in same]
    session.run("pytest", "-q", "-x", "-n", "auto", "tests/unit", *ignored, *session.posargs)


@nox.session(default=False)
@nox.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def zones(session: nox.Session, zone: str) -> None:
    """Run the tests on machines of other time zones."""
    session.install(*_group("test"), EXTRAS)
    session.run("pytest", "-q", "-n", "auto", "tests/unit", "tests/property", *session.posargs, env={"TZ": zone})


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Read 20,000 mutated inputs through every door; arguments after ``--``, such as ``--seed 7 --only 123``."""
    session.install(*_group("test"), EXTRAS)
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Write the section of this version in CHANGELOG.md again from the fragments, which are kept until the release."""
    session.install(*_group("lint"))
    version, path = PYPROJECT["project"]["version"], Path("CHANGELOG.md")
    sections = re.split(r"(?m)^(?=## \[)", path.read_text(encoding="utf-8"))
    kept = [section for section in sections if not section.startswith(f"## [{version}]")]
    path.write_text("".join(kept).rstrip("\n") + "\n\n", encoding="utf-8")
    session.run("towncrier", "build", "--keep", "--version", version)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure speed and memory against hand-written code in one run."""
    session.install(*_group("test"), EXTRAS)
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Change single expressions at random, and count how many of these changes the tests notice; see docs/reference/mutants.md."""
    session.install(*_group("test", "mutation"), EXTRAS)
    session.run("python", "-m", "tests.mutation", *(session.posargs or ("--number", "200")))
