"""Real entry points of real (small) distributions, laid beside the installed ones."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ossgeo
from ossgeo import plugins
from ossgeo.errors import (
    AttributionContractError,
    PluginConflictError,
    PluginLoadError,
    PluginNotFoundError,
)

RULE = """
from ossgeo.attribution import Attribution

class Rule:
    name = "{name}"
    api_version = 1
    def attribute(self, model, *, on, context):
        return {answer}
"""


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, points: dict[str, str], code: str, group: str = "ossgeo.attribution") -> None:
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(code, encoding="utf-8")
        info = self.folder / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
        lines = "\n".join(f"{point} = {target}" for point, target in points.items())
        (info / "entry_points.txt").write_text(f"[{group}]\n{lines}\n", encoding="utf-8")
        importlib.invalidate_caches()
        plugins.refresh()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("geo_"):
            del sys.modules[name]
    monkeypatch.undo()
    plugins.refresh()


def test_a_plugin_is_used_by_its_name_and_recorded(site: Site) -> None:
    site.install(
        "geo-rule", {"swiss": "geo_rule:Rule"}, RULE.format(name="swiss", answer='Attribution.to("CH", rule=self.name)')
    )
    assert [plugin for plugin in plugins.available("attribution") if plugin.name == "swiss"] == [
        plugins.Plugin("attribution", "swiss", "geo_rule:Rule", "geo-rule", "1.2")
    ]
    assert "geo_rule" not in sys.modules, "nothing is loaded before it is asked for"
    table = ossgeo.measure(
        ossgeo.load_sample("hub-2026"), attribution=ossgeo.attribution.first_of("swiss", "publisher")
    )
    assert table.at()["CH"] == 1.0
    assert table.method.plugins == ("swiss (geo-rule 1.2)",)
    assert table.method.attribution == "first_of(swiss, publisher)"
    assert "plugins swiss (geo-rule 1.2)" in str(table.method)
    assert plugins.get("attribution", "swiss")().name == "swiss"


def test_built_ins_cannot_be_shadowed(site: Site) -> None:
    site.install("geo-thief", {"publisher": "geo_thief:Rule"}, RULE.format(name="publisher", answer="None"))
    with pytest.warns(ossgeo.errors.OssgeoWarning, match=r"publisher \(geo-thief 1\.2\) is not available"):
        assert plugins.get("attribution", "publisher") is ossgeo.attribution.Publisher
    assert [plugin.distribution for plugin in plugins.available("attribution") if plugin.name == "publisher"] == [
        "ossgeo"
    ]


def test_two_distributions_with_one_name(site: Site) -> None:
    for name in ("geo-one", "geo-two"):
        site.install(name, {"same": f"{name.replace('-', '_')}:Rule"}, RULE.format(name="same", answer="None"))
    with pytest.raises(PluginConflictError, match=r"geo-one 1\.2.* and .*geo-two 1\.2"):
        plugins.get("attribution", "same")
    assert ossgeo.measure(ossgeo.load_sample("hub-2026")).at()["CN"], "nobody else is hurt"


@pytest.mark.parametrize(
    ("code", "target", "message"),
    [
        ("import no_such_module", "geo_bad:Rule", "cannot be imported from geo_bad:Rule: ModuleNotFoundError"),
        ("x = 1", "geo_bad:Rule", "AttributeError"),
        ("Rule = 5", "geo_bad:Rule", "must be a class or factory"),
        ("class Rule:\n    def __init__(self, needed): ...", "geo_bad:Rule", "cannot be created without arguments"),
    ],
)
def test_a_broken_plugin_hurts_only_who_asks_for_it(site: Site, code: str, target: str, message: str) -> None:
    site.install("geo-bad", {"bad": target}, code)
    assert "bad" in [plugin.name for plugin in plugins.available("attribution")]
    ossgeo.measure(ossgeo.load_sample("hub-2026"))
    with pytest.raises(PluginLoadError, match=message):
        ossgeo.measure(ossgeo.load_sample("hub-2026"), attribution="bad")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("'CN'", "returned 'CN'"),
        ('Attribution.to("ZZ", rule="broken")', "ZZ"),
        ('Attribution("broken", ())', "must sum to 1"),
    ],
)
def test_what_a_plugin_must_not_return(site: Site, answer: str, message: str) -> None:
    site.install("geo-broken", {"broken": "geo_broken:Rule"}, RULE.format(name="broken", answer=answer))
    with pytest.raises(AttributionContractError, match=message) as caught:
        ossgeo.measure(ossgeo.load_sample("hub-2026"), attribution="broken")
    assert "'broken'" in str(caught.value)
    assert "/" in str(caught.value), "names a model"


def test_a_built_in_that_needs_arguments_names_the_remedy() -> None:
    with pytest.raises(
        PluginLoadError, match=r"missing 1 required.*'path'; call ossgeo.plugins.get\('sources', 'snapsh"
    ):
        plugins.make("sources", "snapshot-store")


def test_unknown_names_and_groups() -> None:
    with pytest.raises(PluginNotFoundError, match="publisher"):
        plugins.get("attribution", "publsher")
    with pytest.raises(PluginNotFoundError, match="attribution"):
        plugins.available("attributions")  # type: ignore[arg-type]
    with pytest.raises(PluginNotFoundError, match="downloads"):
        ossgeo.measure(ossgeo.load_sample("hub-2026"), calculator="download")


def test_built_ins_are_all_there() -> None:
    for group in ("attribution", "shares", "sources"):
        for plugin in plugins.available(group):
            if plugin.distribution == "ossgeo":
                assert plugins.get(group, plugin.name) is not None


def test_what_the_user_made_has_no_origin() -> None:
    class Mine:
        name = "mine"

    assert plugins.origin("attribution", Mine()) is None
    assert plugins.origin("attribution", ossgeo.attribution.Publisher()) is None
