"""Countries, statuses and group schemes."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import pickle
import re
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from typing import Any

import pycountry
import pytest

from ossgeo.errors import (
    Fault,
    OssgeoError,
    RegistryError,
    UnknownCountryError,
    UnknownNameError,
    UnknownSchemeError,
)
from ossgeo.registry import _countries
from ossgeo.registry._countries import Country, OriginStatus, parse_place
from ossgeo.registry._groups import GroupMember, GroupScheme

TODAY = dt.date(2026, 8, 22)


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the bundled tables."""
    return list(csv.DictReader((files("ossgeo") / "data" / name).read_text(encoding="utf-8").splitlines()))


CODES = [row["alpha_2"] for row in table("countries.csv")]
WORLD = [Country(code) for code in CODES]
NOT_TEXT: list[Any] = [None, 156, 4.0, b"CN", ["CN"], object]


class TestCountry:
    def test_codes_are_those_of_iso_and_kosovo(self) -> None:
        assert sorted(CODES) == sorted([*(entry.alpha_2 for entry in pycountry.countries), "XK"])

    def test_names_are_given_unique_and_short(self) -> None:
        names = [country.name for country in WORLD]
        assert len(set(names)) == len(names) == 250
        assert not [name for name in names if not name or "," in name]
        assert not [name for name in names if re.search(r"Republic of|Province of|State of", name)]

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            ("TW", "Taiwan"),
            ("KR", "South Korea"),
            ("KP", "North Korea"),
            ("RU", "Russia"),
            ("GB", "United Kingdom"),
            ("US", "United States"),
            ("HK", "Hong Kong"),
            ("MO", "Macao"),
            ("VN", "Vietnam"),
            ("IR", "Iran"),
            ("XK", "Kosovo"),
        ],
    )
    def test_display_names(self, code: str, name: str) -> None:
        assert Country(code).name == name

    def test_other_codes_and_official_names(self) -> None:
        china, emirates = Country("CN"), Country("AE")
        assert (china.alpha_3, china.numeric, china.official_name) == ("CHN", "156", "People's Republic of China")
        assert (Country("AF").numeric, emirates.official_name) == ("004", "United Arab Emirates")

    def test_kosovo_has_no_number(self) -> None:
        kosovo = Country("XK")
        assert (kosovo.alpha_3, kosovo.numeric, kosovo.official_name) == ("XKX", None, "Republic of Kosovo")

    def test_text_is_the_code_and_repr_makes_it_again(self) -> None:
        assert str(Country("FR")) == f"{Country('FR')}" == "FR"
        assert repr(Country("FR")) == "Country('FR')"

    def test_is_a_value(self) -> None:
        france = Country("FR")
        assert france == Country.parse("France")
        assert len({france, Country("FR"), Country("DE")}) == 2
        assert sorted([Country("US"), Country("CN"), france]) == [Country("CN"), france, Country("US")]
        assert france > Country("DE")
        text: object = "FR"
        assert france != text
        with pytest.raises(AttributeError):
            france.alpha_2 = "DE"  # type: ignore[misc]
        with pytest.raises(AttributeError):
            france.capital = "Paris"  # type: ignore[attr-defined]

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_pickles_and_copies(self, protocol: int) -> None:
        again = pickle.loads(pickle.dumps(WORLD, protocol))
        assert again == WORLD
        assert [hash(country) for country in again] == [hash(country) for country in WORLD]
        assert copy.deepcopy(WORLD) == WORLD

    @pytest.mark.parametrize("bad", ["", "cn", " CN", "CHN", "EU", "UK", "ZZ", "China", *NOT_TEXT])
    def test_constructor_takes_nothing_but_codes(self, bad: Any) -> None:
        with pytest.raises(UnknownCountryError, match="country code"):
            Country(bad)

    def test_constructor_suggests_a_code_in_the_wrong_case_and_no_other(self) -> None:
        with pytest.raises(UnknownCountryError) as caught:
            Country("cn")
        assert caught.value.suggestions == ("CN",)
        with pytest.raises(UnknownCountryError) as caught:
            Country("CHN")
        assert caught.value.suggestions == ()


class TestParse:
    @pytest.mark.parametrize("entry", list(pycountry.countries), ids=lambda entry: str(entry.alpha_2))
    def test_all_codes_and_names_of_iso_in_any_case(self, entry: Any) -> None:
        country = Country(entry.alpha_2)
        for field in ("alpha_2", "alpha_3", "numeric", "name", "official_name", "common_name"):
            text = getattr(entry, field, entry.alpha_2)
            assert {Country.parse(form) for form in (text, text.upper(), text.lower(), f" {text}\t")} == {country}
        assert Country.parse(country.name) == Country.parse(country.official_name) == country

    @pytest.mark.parametrize("row", table("country_aliases.csv"), ids=lambda row: f"{row['alpha_2']}-{row['alias']}")
    def test_every_alias(self, row: dict[str, str]) -> None:
        assert Country.parse(row["alias"]) == Country.parse(row["alias"].upper()) == Country(row["alpha_2"])

    def test_no_alias_has_another_meaning(self) -> None:
        rows = table("country_aliases.csv")
        twice = [alias for alias, count in Counter(row["alias"].casefold() for row in rows).items() if count > 1]
        assert twice == []
        names: dict[str, str] = {}
        for entry in pycountry.countries:
            for field in ("alpha_2", "alpha_3", "numeric", "name", "official_name", "common_name"):
                names[str(getattr(entry, field, entry.alpha_2)).casefold()] = entry.alpha_2
        clashes = [row for row in rows if names.get(row["alias"].casefold(), row["alpha_2"]) != row["alpha_2"]]
        assert clashes == []

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("CHN", "CN"),
            ("156", "CN"),
            ("004", "AF"),
            ("cn", "CN"),
            ("Russia", "RU"),
            ("south  korea", "KR"),
            ("Korea", "KR"),
            ("Republic of Korea", "KR"),
            ("UK", "GB"),
            ("England", "GB"),
            ("Scotland", "GB"),
            ("EL", "GR"),
            ("UAE", "AE"),
            ("USA", "US"),
            ("U.S.", "US"),
            ("the United States", "US"),
            ("Turkey", "TR"),
            ("Turkiye", "TR"),
            ("TÜRKİYE", "TR"),
            ("Macau", "MO"),
            ("Kosovo", "XK"),
            ("xkx", "XK"),
            ("Holland", "NL"),
            ("The Netherlands", "NL"),
            ("Ivory Coast", "CI"),
            ("Cote d\u2019Ivoire", "CI"),
            ("Trinidad & Tobago", "TT"),
            ("Czech Republic", "CZ"),
            ("Burma", "MM"),
            ("Republic of China", "TW"),
            ("People's Republic of China", "CN"),
            ("Hong Kong SAR", "HK"),
            ("Congo", "CG"),
            ("DRC", "CD"),
            ("Georgia", "GE"),
            ("中国", "CN"),
            ("中國", "CN"),
            ("美国", "US"),
            ("米国", "US"),
            ("アメリカ", "US"),
            ("ｱﾒﾘｶ", "US"),  # half-width letters
            ("\uff23\uff28\uff29\uff2e\uff21", "CN"),  # full-width letters
            ("韓国", "KR"),
            ("臺灣", "TW"),
            ("香港", "HK"),
            ("澳門", "MO"),
            ("イギリス", "GB"),
            ("ドイツ", "DE"),
            ("インド", "IN"),
        ],
    )
    def test_names_that_people_use(self, text: str, code: str) -> None:
        assert Country.parse(text) == Country(code)

    def test_thirty_countries_have_names_in_chinese_and_japanese(self) -> None:
        han, kana = set(), set()
        for row in table("country_aliases.csv"):
            if re.fullmatch(r"[\u4e00-\u9fff]+", row["alias"]):
                han.add(row["alpha_2"])
            if re.search(r"[\u30a0-\u30ff]", row["alias"]):
                kana.add(row["alpha_2"])
        publishers = "CN US FR DE GB JP KR IN CA SG IL HK TW CH IT ES NL RU AE BR TR VN PL SE FI AU ID TH UA SA"
        written_alike = {"CN", "JP", "KR", "TW"}
        assert set(publishers.split()) <= han
        assert set(publishers.split()) - written_alike <= kana

    @pytest.mark.parametrize(
        ("source", "names"),
        [
            ("World Bank", "Bahamas, The:BS|Congo, Dem. Rep.:CD|Congo, Rep.:CG|Egypt, Arab Rep.:EG|Gambia, The:GM|Hong Kong SAR, China:HK|Iran, Islamic Rep.:IR|Korea, Dem. People's Rep.:KP|Korea, Rep.:KR|Kyrgyz Republic:KG|Lao PDR:LA|Macao SAR, China:MO|Micronesia, Fed. Sts.:FM|Puerto Rico (US):PR|Sint Maarten (Dutch part):SX|Slovak Republic:SK|Somalia, Fed. Rep.:SO|St. Kitts and Nevis:KN|St. Lucia:LC|St. Martin (French part):MF|St. Vincent and the Grenadines:VC|Turkiye:TR|Venezuela, RB:VE|Virgin Islands (U.S.):VI|West Bank and Gaza:PS|Yemen, Rep.:YE"),
            ("UN M49", "Bolivia (Plurinational State of):BO|China, Hong Kong Special Administrative Region:HK|China, Macao Special Administrative Region:MO|Democratic People's Republic of Korea:KP|Democratic Republic of the Congo:CD|Falkland Islands (Malvinas):FK|Iran (Islamic Republic of):IR|Lao People's Democratic Republic:LA|Micronesia (Federated States of):FM|Netherlands (Kingdom of the):NL|Republic of Moldova:MD|Saint Martin (French Part):MF|State of Palestine:PS|United Kingdom of Great Britain and Northern Ireland:GB|United Republic of Tanzania:TZ|United States Virgin Islands:VI|Venezuela (Bolivarian Republic of):VE|Wallis and Futuna Islands:WF"),
            ("Web of Science", "PEOPLES R CHINA:CN|NORTH IRELAND:GB|U ARAB EMIRATES:AE|BOSNIA & HERCEG:BA|TRINIDAD TOBAGO:TT|CENT AFR REPUBL:CF|PAPUA N GUINEA:PG|DOMINICAN REP:DO|FED REP GER:DE|REP CONGO:CG|DEM REP CONGO:CD|COTE IVOIRE:CI|EQUAT GUINEA:GQ|GUINEA BISSAU:GW|ANTIGUA & BARBU:AG|FR POLYNESIA:PF|BYELARUS:BY"),
            ("Qualtrics", "Hong Kong (S.A.R.):HK|Iran, Islamic Republic of...:IR|Congo, Republic of the...:CG|Micronesia, Federated States of...:FM|The former Yugoslav Republic of Macedonia:MK|Venezuela, Bolivarian Republic of...:VE"),
            ("native", "대한민국:KR|한국:KR|Россия:RU|Österreich:AT|Schweiz:CH|Suisse:CH|Ελλάδα:GR|Україна:UA|ישראל:IL|مصر:EG|भारत:IN|ไทย:TH|Česko:CZ|Magyarország:HU|Danmark:DK|Suomi:FI|Ísland:IS|Hrvatska:HR|Србија:RS|Eesti:EE|Tiongkok:CN"),
            ("other signs", "Guinea\u2011Bissau:GW|Timor\u2013Leste:TL|C\u00f4te d`Ivoire:CI|C\u00f4te d\u02bcIvoire:CI|Ira\u200bn:IR|\u200eChina:CN|Viet\u00a0Nam:VN|Bosnia-Herzegovina:BA"),
        ],
    )  # fmt: skip
    def test_names_as_institutions_write_them(self, source: str, names: str) -> None:
        pairs = [pair.rsplit(":", 1) for pair in names.split("|")]
        assert {name: Country.parse(name).alpha_2 for name, _ in pairs} == dict(pairs), source

    def test_no_name_of_any_language_is_read_as_another_country(self) -> None:
        babel = pytest.importorskip("babel")
        localedata = pytest.importorskip("babel.localedata")
        known = dict.fromkeys(CODES)
        places: dict[str, set[str]] = {}
        for identifier in localedata.locale_identifiers():
            for code, name in babel.Locale.parse(identifier).territories.items():
                places.setdefault(name, set()).add(code)
        read, refused, wrong = 0, [], {}
        for name, codes in places.items():
            if not codes & known.keys():
                continue
            key, code = _countries._key(name), _countries._code(name)
            found = (code if code in known else None) or next(
                (names[key] for names in (_countries._known_names(), _countries._iso_names(), _countries._native_names()) if key in names), None
            )  # fmt: skip
            if found is None:
                refused.append(name)
            elif found in codes:
                read += 1
            elif len(name) > 3:
                wrong[name] = (found, codes)
        assert wrong == {}
        assert read > 40 * len(refused)

    @pytest.mark.parametrize("bad", ["\u00c1o", "Nigera", "kongo", "C.N.", "America"])
    def test_a_name_that_is_near_another_country_is_refused(self, bad: str) -> None:
        with pytest.raises(UnknownCountryError):
            Country.parse(bad)

    @pytest.mark.parametrize("number", ["36", "36.0", 36, 36.0])
    def test_a_number_without_its_zeros_names_the_code(self, number: Any) -> None:
        with pytest.raises(UnknownCountryError, match="text of three digits: '036'"):
            Country.parse(number)

    def test_a_country_is_returned_as_it_is(self) -> None:
        china = Country("CN")
        assert Country.parse(china) is china

    @pytest.mark.parametrize(
        "bad",
        ["", " ", "EU", "European Union", "Chna", "4", "04", "1560", "ZZ", "World", "Africa", "unknown", *NOT_TEXT],
    )
    def test_all_else_is_refused(self, bad: Any) -> None:
        with pytest.raises(UnknownCountryError, match="ISO 3166") as caught:
            Country.parse(bad)
        assert caught.value.value == bad
        assert isinstance(caught.value, OssgeoError)
        assert isinstance(caught.value, LookupError)

    @pytest.mark.parametrize(
        ("typo", "near"), [("Chna", "China"), ("Germny", "Germany"), ("South Corea", "South Korea")]
    )
    def test_near_names_are_suggested(self, typo: str, near: str) -> None:
        with pytest.raises(UnknownCountryError) as caught:
            Country.parse(typo)
        assert caught.value.suggestions[0] == near
        assert repr(near) in str(caught.value)

    def test_a_code_that_fails_gets_no_suggestion(self) -> None:
        with pytest.raises(UnknownCountryError) as caught:
            Country.parse("EU")
        assert caught.value.suggestions == ()

    def test_codes_and_usual_names_need_no_pycountry(self) -> None:
        program = (
            "import sys; from ossgeo.registry._countries import Country, parse_place;"
            "from ossgeo.registry._groups import GroupScheme;"
            "Country('CN'), Country.parse('cn'), Country.parse('UK'), Country.parse('Russia').name, parse_place('CN');"
            "[GroupScheme.named(name) for name in GroupScheme.names()]; sys.exit('pycountry' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class TestStanding:
    def test_values_are_words_and_text(self) -> None:
        words = ["unreviewed", "unknown", "individual", "international", "residual"]
        assert [status.value for status in OriginStatus] == [str(status) for status in OriginStatus] == words

    def test_pickles_as_itself(self) -> None:
        assert all(pickle.loads(pickle.dumps(status)) is status for status in OriginStatus)

    def test_no_status_is_a_country(self) -> None:
        for status in OriginStatus:
            with pytest.raises(UnknownCountryError):
                Country.parse(status.value)

    @pytest.mark.parametrize(
        "place", [*WORLD, *(one for one in OriginStatus if one is not OriginStatus.RESIDUAL)], ids=str
    )
    def test_cells_of_a_registry(self, place: Country | OriginStatus) -> None:
        assert parse_place(str(place)) == place

    @pytest.mark.parametrize(
        "bad", ["", "cn", "CHN", "China", "UK", "EU", "Unknown", "UNREVIEWED", "residual", " CN", *NOT_TEXT]
    )
    def test_other_cells_are_refused(self, bad: Any) -> None:
        with pytest.raises(UnknownCountryError, match="place"):
            parse_place(bad)

    @pytest.mark.parametrize(("bad", "near"), [("cn", "CN"), ("Unknown", "unknown"), ("indvidual", "individual")])
    def test_near_cells_are_suggested(self, bad: str, near: str) -> None:
        with pytest.raises(UnknownCountryError) as caught:
            parse_place(bad)
        assert caught.value.suggestions[0] == near


class TestBundledSchemes:
    def test_names(self) -> None:
        assert GroupScheme.names() == (
            "eu", "g7", "g20", "oecd", "asean", "brics", "study", "continents", "nato", "african-union", "gcc", "mercosur",
            "subregions", "world-bank-income", "world-bank-regions",
        )  # fmt: skip

    @pytest.mark.parametrize("name", GroupScheme.names())
    def test_each_is_a_partition_at_every_date(self, name: str) -> None:
        scheme = GroupScheme.named(name)
        assert scheme.name == name
        assert scheme.title
        day = dt.timedelta(days=1)
        for on in {TODAY, dt.date.min, dt.date.max, *scheme.changes, *(change - day for change in scheme.changes)}:
            parts = {country: scheme.group_of(country, on) for country in WORLD}
            for group in scheme.groups:
                inside = {country for country, part in parts.items() if part == group}
                assert set(scheme.members_of(group, on)) == inside
            rest = {part for part in parts.values() if part not in scheme.groups}
            assert rest <= (set(CODES) if scheme.rest == "country" else {"other"})

    @pytest.mark.parametrize("name", GroupScheme.names())
    def test_each_is_a_value(self, name: str) -> None:
        scheme = GroupScheme.named(name)
        again = pickle.loads(pickle.dumps(scheme))
        assert again == scheme
        assert hash(again) == hash(scheme)
        assert len(repr(scheme)) < 300

    @pytest.mark.parametrize(
        ("name", "group", "on", "count"),
        [
            ("nato", "NATO", "2023-04-03", 30),
            ("nato", "NATO", "2023-04-04", 31),
            ("nato", "NATO", "2024-03-07", 32),
            ("african-union", "African Union", "2026-01-01", 55),
            ("gcc", "GCC", "2026-01-01", 6),
            ("mercosur", "Mercosur", "2024-08-06", 4),
            ("mercosur", "Mercosur", "2024-08-07", 5),
            ("subregions", "Central Asia", "2026-01-01", 5),
            ("subregions", "Western Europe", "2026-01-01", 9),
            ("world-bank-income", "High income", "2023-06-30", 82),
            ("world-bank-income", "High income", "2024-07-01", 87),
            ("world-bank-income", "High income", "2026-01-01", 88),
            ("world-bank-income", "Upper middle income", "2026-07-01", 59),
            ("world-bank-income", "Lower middle income", "2026-01-01", 50),
            ("world-bank-income", "Low income", "2023-06-30", 28),
            ("world-bank-income", "Low income", "2026-07-01", 24),
            ("world-bank-regions", "South Asia", "2025-06-30", 8),
            ("world-bank-regions", "South Asia", "2025-07-01", 6),
            ("world-bank-regions", "North America", "2026-01-01", 3),
            ("eu", "EU", "1992-12-31", 12),
            ("eu", "EU", "1995-01-01", 15),
            ("eu", "EU", "2004-05-01", 25),
            ("eu", "EU", "2013-07-01", 28),
            ("eu", "EU", "2020-01-31", 28),
            ("eu", "EU", "2020-02-01", 27),
            ("g7", "G7", "2026-08-22", 7),
            ("g20", "G20", "2026-08-22", 19),
            ("oecd", "OECD", "1961-09-30", 17),
            ("oecd", "OECD", "2010-01-01", 30),
            ("oecd", "OECD", "2026-08-22", 38),
            ("asean", "ASEAN", "2025-10-25", 10),
            ("asean", "ASEAN", "2025-10-26", 11),
            ("brics", "BRICS", "2010-12-31", 4),
            ("brics", "BRICS", "2023-12-31", 5),
            ("brics", "BRICS", "2024-01-01", 9),
            ("brics", "BRICS", "2025-01-06", 10),
            ("study", "Europe", "2026-08-22", 52),
            ("continents", "Africa", "2026-08-22", 60),
            ("continents", "Americas", "2026-08-22", 57),
            ("continents", "Asia", "2026-08-22", 51),
            ("continents", "Europe", "2026-08-22", 52),
            ("continents", "Oceania", "2026-08-22", 29),
        ],
    )
    def test_how_many_members(self, name: str, group: str, on: str, count: int) -> None:
        assert len(GroupScheme.named(name).members_of(group, dt.date.fromisoformat(on))) == count

    @pytest.mark.parametrize(
        ("name", "code", "on", "part"),
        [
            ("eu", "GB", "1972-12-31", "GB"),
            ("eu", "GB", "1973-01-01", "EU"),
            ("eu", "GB", "2020-01-31", "EU"),
            ("eu", "GB", "2020-02-01", "GB"),
            ("eu", "HR", "2013-06-30", "HR"),
            ("eu", "HR", "2013-07-01", "EU"),
            ("eu", "CN", "2026-08-22", "CN"),
            ("g7", "RU", "2005-01-01", "other"),
            ("g20", "ES", "2026-08-22", "other"),
            ("oecd", "CR", "2021-05-24", "other"),
            ("oecd", "CR", "2021-05-25", "OECD"),
            ("brics", "SA", "2026-08-22", "other"),
            ("brics", "ZA", "2011-04-14", "BRICS"),
            ("study", "US", "2025-08-01", "United States"),
            ("study", "CN", "2025-08-01", "China"),
            ("study", "HK", "2025-08-01", "other"),
            ("study", "CH", "2025-08-01", "Europe"),
            ("study", "JP", "2025-08-01", "other"),
            ("continents", "CY", "2026-08-22", "Asia"),
            ("continents", "TW", "2026-08-22", "Asia"),
            ("continents", "XK", "2026-08-22", "Europe"),
            ("continents", "AQ", "2026-08-22", "other"),
        ],
    )
    def test_dated_cases(self, name: str, code: str, on: str, part: str) -> None:
        assert GroupScheme.named(name).group_of(Country(code), dt.date.fromisoformat(on)) == part

    def test_changes_are_sorted_days(self) -> None:
        changes = GroupScheme.named("eu").changes
        assert changes[0] == dt.date(1958, 1, 1)
        assert changes[-2:] == (dt.date(2013, 7, 1), dt.date(2020, 2, 1))
        assert list(changes) == sorted(set(changes))
        assert GroupScheme.named("continents").changes == ()

    def test_sources_are_addresses(self) -> None:
        urls = {member.url for name in GroupScheme.names() for member in GroupScheme.named(name).members}
        assert all(url == "" or url.startswith(("https://", "http://")) for url in urls)
        dated = [member for name in GroupScheme.names() for member in GroupScheme.named(name).members if member.start]
        assert all(member.url for member in dated)

    @pytest.mark.parametrize("bad", ["", "EU", "g8", "oced", None, ["eu"]])
    def test_an_unknown_scheme_is_refused(self, bad: Any) -> None:
        with pytest.raises(UnknownSchemeError, match="there are eu, g7"):
            GroupScheme.named(bad)

    def test_a_near_scheme_is_suggested(self) -> None:
        with pytest.raises(UnknownSchemeError) as caught:
            GroupScheme.named("oced")
        assert caught.value.suggestions[0] == "oecd"

    def test_an_unknown_group_is_refused(self) -> None:
        with pytest.raises(UnknownNameError, match="group of the scheme 'continents'") as caught:
            GroupScheme.named("continents").members_of("America", TODAY)
        assert "Americas" in caught.value.suggestions


class TestOwnSchemes:
    def test_countries_are_parsed(self) -> None:
        places: list[str | Country] = ["CN", "hkg", Country("MO"), "Taiwan"]
        scheme = GroupScheme.of("ours", {"Greater China": places, "Nordic": ("SE", "FI")}, rest="other", title="Ours")
        assert scheme.groups == ("Greater China", "Nordic")
        assert [country.alpha_2 for country in scheme.members_of("Greater China", TODAY)] == ["CN", "HK", "MO", "TW"]
        assert (scheme.group_of(Country("TW"), TODAY), scheme.group_of(Country("SG"), TODAY)) == (
            "Greater China",
            "other",
        )
        assert (scheme.title, scheme.changes) == ("Ours", ())
        assert pickle.loads(pickle.dumps(scheme)) == scheme

    def test_the_rest_is_by_country_by_default(self) -> None:
        assert GroupScheme.of("ours", {"North America": ["US", "CA"]}).group_of(Country("MX"), TODAY) == "MX"
        assert GroupScheme.of("bare", {}).group_of(Country("MX"), TODAY) == "MX"

    def test_a_country_may_move_and_come_back(self) -> None:
        days = [dt.date(2020, 1, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1)]
        members = [
            GroupMember("a", Country("FR"), end=days[0]),
            GroupMember("b", Country("FR"), days[0], days[1]),
            GroupMember("a", Country("FR"), days[2]),
        ]
        scheme = GroupScheme("moves", "other", members)
        assert [scheme.group_of(Country("FR"), on) for on in (dt.date.min, *days)] == ["a", "b", "other", "a"]
        assert scheme.changes == tuple(days)
        assert hash(scheme) == hash(GroupScheme("moves", "other", tuple(members)))

    def test_a_members_country_is_parsed(self) -> None:
        assert GroupMember("a", "france").country == Country("FR")

    @pytest.mark.parametrize("name", ["CN", "cn", "XK", "unknown", "Individual", "other", "Other", ""])
    def test_names_that_are_keys_already(self, name: str) -> None:
        with pytest.raises(RegistryError) as caught:
            GroupScheme.of("ours", {name: ["FR"]})
        assert "a name that a group cannot have" in str(caught.value)

    @pytest.mark.parametrize("places", [[], (), "CN", ""])
    def test_a_group_without_a_list(self, places: Any) -> None:
        with pytest.raises(RegistryError) as caught:
            GroupScheme.of("ours", {"empty": places, "good": ["FR"]})
        assert "group 'empty': has no countries" in str(caught.value)

    def test_an_unknown_country(self) -> None:
        with pytest.raises(UnknownCountryError, match="Chna"):
            GroupScheme.of("ours", {"asia": ["Chna"]})

    @pytest.mark.parametrize(
        ("one", "two"),
        [
            ((None, None), (None, None)),
            ((None, "2020-01-02"), ("2020-01-01", None)),
            (("2020-01-01", None), (None, None)),
            (("2020-01-01", "2021-01-01"), ("2020-06-01", "2020-07-01")),
        ],
    )
    @pytest.mark.parametrize("group", ["a", "b"])
    def test_a_country_twice_at_one_time(
        self, group: str, one: tuple[str | None, str | None], two: tuple[str | None, str | None]
    ) -> None:
        start, end, start_2, end_2 = [dt.date.fromisoformat(day) if day else None for day in (*one, *two)]
        first = GroupMember("a", Country("FR"), start, end)
        second = GroupMember(group, Country("FR"), start_2, end_2)
        assert first.overlaps(second)
        assert second.overlaps(first)
        with pytest.raises(RegistryError) as caught:
            GroupScheme("twice", "country", (first, second))
        assert f"country FR: is in 'a' and in '{group}' at one time" in str(caught.value)

    def test_spans_that_touch_do_not_overlap(self) -> None:
        day = dt.date(2020, 1, 1)
        before, after = GroupMember("a", Country("FR"), end=day), GroupMember("b", Country("FR"), day)
        assert not before.overlaps(after)
        assert not after.overlaps(before)
        assert (before.holds(day), after.holds(day)) == (False, True)

    def test_all_faults_are_in_one_error(self) -> None:
        day = dt.date(2020, 1, 1)
        members = (
            GroupMember("CN", Country("FR")),
            GroupMember("a", Country("FR")),
            GroupMember("a", Country("DE"), day, day),
        )
        with pytest.raises(RegistryError) as caught:
            GroupScheme("", "nobody", members)  # type: ignore[arg-type]
        error = caught.value
        assert isinstance(error, ValueError)
        assert isinstance(error, OssgeoError)
        assert all(isinstance(fault, Fault) for fault in error.faults)
        problems = [str(fault) for fault in error.faults]
        assert len(problems) == 5
        for part in ("has no name", "'nobody' is not one of", "group 'CN'", "ends on 2020-01-01", "country FR"):
            assert any(part in problem for problem in problems), part
        assert pickle.loads(pickle.dumps(error)).args[0] == error.args[0]
