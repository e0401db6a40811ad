"""The panel: the Hub's counters over time, with the models they belong to."""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import warnings
from typing import Any, Literal, Self

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING, END, day_of
from ossgeo._core.method import Adjustment, Cleaning
from ossgeo._core.schema import MODELS, Counter
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, StaleDataWarning
from ossgeo.panel._flows import ABSURD
from ossgeo.panel._quality import QualityReport, count_duplicates, find_issues, row_faults, stale_periods
from ossgeo.registry._registry import Registry

AUDITED_ROWS = 2_000_000
"""Panels up to this size are looked through for duplicate rows before they are measured; larger ones by ``check()``."""


@attrs.frozen(eq=False)
class Panel:
    """Counters over time. Make one with :func:`ossgeo.read_panel` or :func:`ossgeo.load_sample`.

    Attributes:
        rows: Narwhals lazy frame, one row for each model and observation: model_id, period (the day of the observation,
            or the snapshot's label), the counter and, where it is known, observed_at.
        models: Polars lazy frame, one row for each model; see ``ossgeo._core.schema.MODELS``.
        counter: ``downloads_30d`` or ``downloads_all_time``.
        periods: The observation periods, in order.
        size: Number of rows.
        fingerprint: Twelve hexadecimal digits that tell this panel from others.
        source: Where it came from, in words.
        note: What it covers, in one sentence; printed with every result.
    """

    rows: nw.LazyFrame[Any]
    models: pl.LazyFrame
    counter: Counter
    periods: tuple[dt.date, ...]
    size: int
    fingerprint: str
    source: str = ""
    note: str = ""
    _kept: object = attrs.field(default=None, repr=False)
    _known: dict[str, Any] = attrs.field(factory=dict, repr=False, init=False)

    @classmethod
    def of(
        cls,
        rows: nw.LazyFrame[Any],
        models: pl.LazyFrame | None,
        *,
        counter: Counter,
        identity: str | None = None,
        source: str = "",
        note: str = "",
        kept: object = None,
    ) -> Self:
        """Make a panel from normalized rows.

        Args:
            rows: model_id, period, the counter, perhaps observed_at.
            models: The models table; where absent it is made from the ids.
            counter: Which counter the rows hold.
            identity: What the fingerprint is made from, such as file sizes and times; where absent, the number of rows
                and the total.
            source: Where the panel came from.
            note: What it covers.
            kept: An object that must live as long as the panel, such as the temporary folder of its files.

        Raises:
            PanelError: The rows cannot be read.
        """
        counts = _counts_by_period(rows, counter)
        if models is None:
            if engines.name_of(rows) == "polars":
                ids = rows.select("model_id").unique().to_native()
            else:
                ids = engines.collect(rows.select("model_id").unique()).lazy()
            models = normalized_models(ids.filter(pl.col("model_id").is_not_null()))
        size = int(counts["n"].sum())
        schema = ",".join(f"{name}:{kind}" for name, kind in rows.collect_schema().items())
        identity = identity or f"{size},{counts['total'].sum()},{counts['period'].to_list()}"
        digest = hashlib.sha256(f"{schema};{counter};{identity}".encode()).hexdigest()[:12]
        periods = tuple(counts["period"].drop_nulls().to_list())
        panel = cls(rows, models, counter, periods, size, digest, source, note, kept)
        panel._known["sound"] = _is_sound(counts, cls._horizon())
        return panel

    def described(self, *, source: str | None = None, note: str | None = None) -> Panel:
        """Return the same panel with another source or note; what is known of its rows still holds.

        Args:
            source: Where the panel came from; unchanged by default.
            note: What it covers; unchanged by default.
        """
        panel = attrs.evolve(self, source=self.source if source is None else source,
                             note=self.note if note is None else note)  # fmt: skip
        panel._known.update(self._known)
        return panel

    @property
    def engine(self) -> str:
        """The dataframe engine that the rows live on, such as ``polars``."""
        return engines.name_of(self.rows)

    @property
    def checked(self) -> bool:
        """Whether :meth:`check` has looked for issues."""
        return "check" in self._known

    @property
    def sound(self) -> bool:
        """Whether every row has a date that is past and a count that is there, not negative and not absurd."""
        if "sound" not in self._known:
            self._known["sound"] = _is_sound(_counts_by_period(self.rows, self.counter), self._horizon())
        return bool(self._known["sound"])

    @property
    def horizon(self) -> dt.date:
        """The last day that is not in the future, anywhere on earth."""
        return self._horizon()

    @staticmethod
    def _horizon() -> dt.date:
        return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)

    def check(self) -> QualityReport:
        """Look for every issue, by passes of its own over the panel; the answer is kept.

        Returns:
            The issues that occur, each with a code, a count and examples.

        Raises:
            PanelError: Rows cannot be used at all; with every fault.

        Example:
            >>> import ossgeo
            >>> ossgeo.load_sample("labs-2025").check()["spike"].count > 0
            True
        """
        if "check" not in self._known:
            self._require_usable()
            issues = find_issues(self.rows, self.models, counter=self.counter, periods=self.periods)
            self._known["check"] = QualityReport(issues)
        found: QualityReport = self._known["check"]
        return found

    def constant(
        self,
        *,
        by: Literal["organization", "namespace", "model"] = "organization",
        since: dt.date | str | None = None,
        until: dt.date | str | None = None,
        registry: Registry | None = None,
    ) -> Panel:
        """Keep what is present in every period of a range, so that joiners and leavers do not move a share.

        Args:
            by: What must be present: organizations (after namespaces are joined to them by the registry; a namespace that
                is not in it stands for itself), namespaces or models.
            since: First day of the range, as a date or ISO text; the panel's first period where absent.
            until: Last day of the range; the panel's last period where absent.
            registry: The registry; the bundled one where absent.

        Returns:
            A panel with the periods of the range and the rows of what is constant.

        Raises:
            InvalidArgumentError: Nothing is constant, or the range has no period.
        """
        first = BEGINNING if since is None else day_of(since, what="since")
        last = END if until is None else day_of(until, what="until")
        periods = [day for day in self.periods if first <= day <= last]
        if not periods:
            raise InvalidArgumentError(
                f"no period lies between {since} and {until}; the panel has {_range(self.periods)}"
            )
        groups = self._groups(by, registry)
        rows = self.rows.filter((nw.col("period") >= nw.lit(periods[0])) & (nw.col("period") <= nw.lit(periods[-1])))
        dated = rows.join(engines.send(groups, rows), on="model_id").filter(
            (nw.col("start") <= nw.col("period")) & (nw.col("period") < nw.col("end"))
        )
        there = engines.collect(dated.select("group", "period").unique()).group_by("group").len()
        constant = there.filter(pl.col("len") == len(periods)).select("group")
        if not constant.height:
            raise InvalidArgumentError(f"no {by} is present in all {len(periods)} periods of {_range(periods)}")
        kept = groups.join(constant, on="group")
        ids = kept.select("model_id", "start", "end")
        held = rows.join(engines.send(ids, rows), on="model_id").filter(
            (nw.col("start") <= nw.col("period")) & (nw.col("period") < nw.col("end"))
        )
        rows = held.select(*rows.collect_schema().names())
        models = self.models.join(kept.lazy().select("model_id").unique(), on="model_id", how="semi")
        said = f"constant {by}s ({constant.height}) of {_range(periods)}"
        return Panel.of(rows, models, counter=self.counter, identity=f"{self.fingerprint},{said}",
                         source=f"{self.source}; {said}", note=self.note, kept=self)  # fmt: skip

    def cleaned(self, cleaning: Cleaning) -> tuple[Panel, tuple[Adjustment, ...]]:
        """Apply the policies that concern whole rows and observations.

        Args:
            cleaning: ``duplicates``, ``invalid`` and ``stale`` are obeyed here, or counted.

        Returns:
            The panel to measure, and what was done.

        Raises:
            PanelError: There are duplicates, and the policy is ``error``.

        Warns:
            StaleDataWarning: The panel was checked, and has a stale observation that is kept.
        """
        notes = []
        if self.size <= AUDITED_ROWS or cleaning.duplicates != "error" or self.checked:
            twice = self._duplicates()
            if twice and cleaning.duplicates == "error":
                raise self.fault(
                    f"{twice:,} row(s) repeat a model and period", "see panel.check(); or Cleaning(duplicates='last')"
                )
            notes.append(
                Adjustment("duplicate", twice, "rows", f"of one model and period; the {cleaning.duplicates} was kept")
            )
        if cleaning.invalid == "drop":
            unusable = self._unusable()
            notes.append(Adjustment("invalid_count", unusable, "rows", "without a usable count or date; dropped"))
        if cleaning.stale == "keep":
            if self.checked and "stale_snapshot" in self.check():
                stale_days = ", ".join(self.check()["stale_snapshot"].examples)
                message = f"an observation repeats the one before ({stale_days}); Cleaning(stale='drop') leaves it out"
                warnings.warn(message, StaleDataWarning, stacklevel=4)
            return self, tuple(notes)
        stale = stale_periods(self.rows, self.counter, self.periods)
        notes.append(
            Adjustment("stale_snapshot", len(stale), "observations", "repeated the one before; dropped as missing")
        )
        rows = self.rows.filter(~nw.col("period").is_in(stale)) if stale else self.rows
        periods = tuple(day for day in self.periods if day not in stale)
        return attrs.evolve(self, rows=rows, periods=periods), tuple(notes)

    def unlisted(self, models: pl.DataFrame) -> pl.DataFrame:
        """Return the models of the rows that are not in a models table, as rows of one.

        Args:
            models: The models table.

        Raises:
            PanelError: Rows have no model id.
        """
        ids = engines.collect(self.rows.select("model_id").unique())
        if ids["model_id"].null_count():
            raise self.diagnosis()
        return normalized_models(ids.join(models, on="model_id", how="anti")).collect()

    def fault(self, problem: str, remedy: str = "") -> PanelError:
        """Return an error that names this panel.

        Args:
            problem: What is wrong.
            remedy: What to do.
        """
        return PanelError.of(self.source or "panel", problem, remedy)

    def diagnosis(self) -> PanelError:
        """Return the error that tells every kind of row that cannot be used."""
        faults = row_faults(self.rows, self.counter, self.horizon)
        return PanelError(
            f"{self.source or 'the panel'} cannot be used", faults or [Fault("panel", "a row cannot be used")]
        )

    def _require_usable(self) -> None:
        if row_faults(self.rows, self.counter, self.horizon):
            raise self.diagnosis()

    def _duplicates(self) -> int:
        if "duplicates" not in self._known:
            usable = self.rows.filter(~nw.col("model_id").is_null() & ~nw.col("period").is_null())
            self._known["duplicates"] = count_duplicates(usable)
        return int(self._known["duplicates"])

    def _unusable(self) -> int:
        count, period = nw.col(self.counter), nw.col("period")
        usable = (count >= 0) & (period <= nw.lit(self.horizon)) & count.cast(nw.Float64).is_finite()
        number = engines.collect(self.rows.filter(usable).select(nw.len()))[:, 0].item()
        return self.size - int(number)

    def _groups(self, by: str, registry: Registry | None) -> pl.DataFrame:
        """Return which group a model belongs to when: model_id, group, start, end."""
        if by not in ("organization", "namespace", "model"):
            raise InvalidArgumentError(f"by={by!r} is not one of 'organization', 'namespace', 'model'")
        models = self.models.select("model_id", "namespace").collect()
        seats = (registry or Registry.default()).seats.select("namespace", "start", "end", "organization").unique()
        if by != "organization":
            seats = seats.clear()
        found = models.join(seats, on="namespace", how="left")
        group = pl.col("model_id") if by == "model" else pl.coalesce("organization", "namespace")
        return found.select(
            "model_id",
            group=group,
            start=pl.col("start").fill_null(BEGINNING),
            end=pl.col("end").fill_null(END),
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: size, range, counter and source; every text is escaped."""
        facts = {
            "source": self.source, "covers": self.note, "rows": f"{self.size:,}", "periods": f"{len(self.periods)}, {_range(self.periods)}",
            "counter": self.counter, "engine": self.engine, "fingerprint": self.fingerprint,
            "checked": "yes" if self.checked else "no; panel.check() looks for issues",
        }  # fmt: skip
        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in facts.items() if text)
        return f"<table><caption>Panel</caption>{rows}</table>"

    def __repr__(self) -> str:
        """Return size, range and source."""
        return f"<Panel {self.size:,} rows, {len(self.periods)} periods {_range(self.periods)}, {self.counter}; {self.source}>"


def normalized_models(models: Any) -> pl.LazyFrame:
    """Return a models table with the library's columns only; the namespace is taken from the id where it is absent.

    Args:
        models: Any dataframe with at least ``model_id``.

    Raises:
        PanelError: There is no model_id.
    """
    frame = engines.lazy(models)
    native = frame.to_native()
    lazy: pl.LazyFrame = native if isinstance(native, pl.LazyFrame) else engines.collect(frame).lazy()
    names = lazy.collect_schema().names()
    if "model_id" not in names:
        raise PanelError.of(
            "models", f"the table has no column model_id; it has {', '.join(names)}", "rename the column of ids"
        )
    handle = pl.col("model_id").str.split("/").list.first()
    namespace = pl.coalesce("namespace", handle) if "namespace" in names else handle
    lazy = _with_instants(lazy)
    return lazy.with_columns(namespace=namespace).select(
        column.name for column in MODELS if column.name in {*names, "namespace"}
    )


def _with_instants(models: pl.LazyFrame) -> pl.LazyFrame:
    """Read ``created_at`` as an instant in UTC, whatever kind of date it is."""
    kind = models.collect_schema().get("created_at")
    at = pl.col("created_at")
    if kind is None or kind == pl.Null:
        return models if kind is None else models.with_columns(at.cast(pl.Datetime("us", "UTC")))
    if isinstance(kind, pl.Datetime):
        return models.with_columns(
            at.dt.replace_time_zone("UTC") if kind.time_zone is None else at.dt.convert_time_zone("UTC")
        )
    if kind == pl.Date:
        return models.with_columns(at.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    raise PanelError.of("models, column created_at", f"holds {kind}, not dates", "convert the column")


def _counts_by_period(rows: nw.LazyFrame[Any], counter: Counter) -> pl.DataFrame:
    """Return number of rows, number of counts, total, minimum and maximum of each period."""
    count = nw.col(counter)
    per = rows.group_by("period").agg(
        n=nw.len(), known=count.count(), total=count.cast(nw.Float64).sum(), low=count.min(), high=count.max()
    )
    return engines.collect(per).sort("period")


def _is_sound(counts: pl.DataFrame, horizon: dt.date) -> bool:
    """Tell from the totals of each period whether a row can be at fault."""
    fine = (
        (pl.col("known").cast(pl.Int64) == pl.col("n").cast(pl.Int64))
        & (pl.col("low") >= 0)
        & (pl.col("high") <= ABSURD)
        & pl.col("total").is_finite()
        & (pl.col("period") <= horizon)
    )
    return bool(counts.select(fine.fill_null(False).all()).item())


def _range(periods: Any) -> str:
    return f"{periods[0]} .. {periods[-1]}" if periods else "none"
