"""When people answer chats: the hours of a week in one zone, without holidays and with exceptions.

A time of day means the first moment at which the clocks of the zone show it or a later one. So an interval that begins
in the hour that spring leaves out begins where the clocks jump, and the hour that autumn repeats counts once.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

DEFAULT_HOURS = "mon-fri 09:00-18:00"
DEFAULT_TIMEZONE = "Europe/Berlin"
DEFAULT_HOLIDAYS = "DE"
HORIZON = timedelta(days=60)
"""How far openings and closings are looked for."""

_DAY = 24 * 60
_SECOND = timedelta(seconds=1)
_KEYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_MAX_ZONE_CHARACTERS = 64


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Minutes since 00:00 of the day on which it begins; `end` beyond 1440 is on the next day.

    0 ≤ start < 1440, start < end ≤ start + 1440; else ValueError.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < _DAY and self.start < self.end <= self.start + _DAY):
            raise ValueError(f"an interval cannot go from minute {self.start} to minute {self.end}")

    def __str__(self) -> str:
        end = self.end if self.end <= _DAY else self.end - _DAY
        return f"{_clock(self.start)}–{_clock(end)}"


Day = tuple[Interval, ...]
Span = tuple[datetime, datetime]
DEFAULT_WEEK: tuple[Day, ...] = (*((Interval(9 * 60, 18 * 60),),) * 5, (), ())


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours of people.

    week:        the intervals that begin on each day, Monday first
    country:     whose public holidays are closed days (ISO 3166, None: no holidays); `region` adds its own
    exceptions:  days with other intervals, () where closed; they count on holidays, too

    A closed day is one on which nothing begins; what began the evening before still ends at its own time.
    Every `at` is an aware datetime, else ValueError.
    """

    week: tuple[Day, ...] = DEFAULT_WEEK
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_TIMEZONE))
    country: str | None = DEFAULT_HOLIDAYS
    region: str | None = None
    exceptions: Mapping[date, Day] = field(default_factory=dict)

    def is_open(self, at: datetime) -> bool:
        """Whether people are there at this moment; an interval holds its beginning and not its end."""
        return self._around(at) is not None

    def next_opening(self, at: datetime) -> datetime | None:
        """`at` itself where it is open, else the next moment at which it opens (UTC); None: not within 60 days."""
        if self.is_open(at):
            return at.astimezone(UTC)
        after = (start for start, _ in self._spans(at) if start > at)
        opening = next(after, None)
        return opening if opening is not None and opening - at <= HORIZON else None

    def closes_at(self, at: datetime) -> datetime | None:
        """When it closes (UTC); None where it is closed at `at`, or stays open for 60 days and longer."""
        span = self._around(at)
        return span[1] if span is not None and span[1] - at <= HORIZON else None

    def week_in_words(self) -> str:
        """Such as "Monday to Friday 09:00–18:00, Saturday 10:00–12:00 and 13:00–15:00 (Europe/Berlin)"."""
        groups = [list(group) for _, group in itertools.groupby(range(7), key=lambda day: self.week[day])]
        parts = [f"{_days(group)} {_intervals(self.week[group[0]])}" for group in groups if self.week[group[0]]]
        return f"{', '.join(parts) or 'Closed all week'} ({self.zone.key})"

    def opening_in_words(self, at: datetime, viewer_zone: ZoneInfo | None = None, now: datetime | None = None) -> str:
        """Such as "Monday 09:00 (Europe/Berlin), 03:00 in America/New_York".

        The viewer's time is there where their clocks show another; the date is, where a weekday is not enough from
        `now` on.
        """
        ours = _aware(at).astimezone(self.zone)
        far = now is not None and ours.date() - _aware(now).astimezone(self.zone).date() > timedelta(days=6)
        words = f"{_day_in_words(ours, far)} {ours:%H:%M} ({self.zone.key})"
        if viewer_zone is None:
            return words
        theirs = at.astimezone(viewer_zone)
        if theirs.replace(tzinfo=None) == ours.replace(tzinfo=None):
            return words
        day = "" if theirs.date() == ours.date() else f"{_day_in_words(theirs, far)} "
        return f"{words}, {day}{theirs:%H:%M} in {viewer_zone.key}"

    def _around(self, at: datetime) -> Span | None:
        spans = itertools.takewhile(lambda span: span[0] <= at, self._spans(at))
        return next((span for span in spans if at < span[1]), None)

    def _spans(self, at: datetime) -> Iterator[Span]:
        """Open spans in order, from before `at` to beyond the horizon; what touches or overlaps is one."""
        # A day and an overnight interval before `at` is enough, and a zone may have left out a whole day.
        first = _aware(at).astimezone(self.zone).date() - timedelta(days=3)
        days = (first + timedelta(days=number) for number in range(HORIZON.days + 6))
        return _merged(self._span(day, interval) for day in days for interval in sorted(self._begins_on(day)))

    def _begins_on(self, day: date) -> Day:
        if day in self.exceptions:
            return self.exceptions[day]
        if self.country is not None and day in _holidays(self.country, self.region, day.year):
            return ()
        return self.week[day.weekday()]

    def _span(self, day: date, interval: Interval) -> Span:
        midnight = datetime.combine(day, time())
        start, end = (midnight + timedelta(minutes=minutes) for minutes in (interval.start, interval.end))
        return _first_moment(start, self.zone), _first_moment(end, self.zone)


# -- Configuration


def parse_hours(
    hours: str = DEFAULT_HOURS,
    timezone: str = DEFAULT_TIMEZONE,
    holidays: str = DEFAULT_HOLIDAYS,
    exceptions: str = "",
) -> Hours:
    """Hours from CHAT_HOURS, CHAT_TIMEZONE, CHAT_HOLIDAYS and CHAT_EXCEPTIONS.

    hours:       "mon-fri 09:00-18:00; sat 10:00-12:00,13:00-15:00"; an end before its start is on the next day
    timezone:    an IANA zone
    holidays:    "DE", "DE/BE" with a region, "" for none
    exceptions:  "2026-12-24 closed; 2026-12-31 09:00-12:00"

    Raises ValueError that names the variable and what is wrong in it.
    """
    zone = zone_named(timezone.strip())
    if zone is None:
        raise ValueError(f"CHAT_TIMEZONE: {timezone!r} is no zone; write one such as {DEFAULT_TIMEZONE}.")
    country, region = _country_and_region(holidays)
    return Hours(_week(hours), zone, country, region, _exceptions(exceptions))


def zone_named(name: str) -> ZoneInfo | None:
    """The IANA zone of this name; None where there is none. `name` may come from anybody."""
    if len(name) > _MAX_ZONE_CHARACTERS:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A folder of the zone database is an OSError, a path out of it a ValueError.
        return None


def _week(text: str) -> tuple[Day, ...]:
    week: dict[int, Day] = {}
    for entry in _entries(text):
        days, _, intervals = entry.partition(" ")
        for day in _weekdays(days):
            if day in week:
                raise ValueError(f"CHAT_HOURS: {_NAMES[day]} is there twice; put its hours in one entry, with commas.")
            week[day] = _parsed_intervals("CHAT_HOURS", intervals, entry)
    if not week:
        raise ValueError(f"CHAT_HOURS: it names no day; write hours such as {DEFAULT_HOURS!r}.")
    return tuple(week.get(day, ()) for day in range(7))


def _weekdays(text: str) -> list[int]:
    found: list[int] = []
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        for word in (first, last) if dash else (first,):
            if word not in _KEYS:
                raise ValueError(f"CHAT_HOURS: {word!r} is no day; days are {', '.join(_KEYS)}, or such as mon-fri.")
        start, end = _KEYS.index(first), _KEYS.index(last if dash else first)
        found += [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return found


def _exceptions(text: str) -> dict[date, Day]:
    found: dict[date, Day] = {}
    for entry in _entries(text):
        written, _, intervals = entry.partition(" ")
        try:
            day = date.fromisoformat(written)
        except ValueError:
            raise ValueError(f"CHAT_EXCEPTIONS: {written!r} is no date; write it as 2026-12-24.") from None
        if day in found:
            raise ValueError(f"CHAT_EXCEPTIONS: {day} is there twice.")
        closed = intervals.strip().lower() == "closed"
        found[day] = () if closed else _parsed_intervals("CHAT_EXCEPTIONS", intervals, entry)
    return found


def _country_and_region(text: str) -> tuple[str | None, str | None]:
    country, slash, region = text.strip().partition("/")
    if not country and not slash:
        return None, None
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValueError(f"CHAT_HOLIDAYS: {country!r} is no country with known holidays; write one as DE.")
    if slash and region not in known[country]:
        regions = ", ".join(known[country]) or "none"
        raise ValueError(f"CHAT_HOLIDAYS: {country} has no region {region!r}; it has {regions}.")
    return country, region or None


def _parsed_intervals(variable: str, text: str, entry: str) -> Day:
    intervals = sorted(_interval(variable, part.strip(), entry) for part in text.split(","))
    for earlier, later in itertools.pairwise(intervals):
        if later.start < earlier.end:
            raise ValueError(f"{variable}: {earlier} and {later} overlap in {entry!r}.")
    return tuple(intervals)


def _interval(variable: str, text: str, entry: str) -> Interval:
    match = _TIMES.fullmatch(text)
    if match is None:
        raise ValueError(f"{variable}: {text!r} in {entry!r} is no interval; write it as 09:00-18:00.")
    hour, minute, end_hour, end_minute = map(int, match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= _DAY or end > _DAY:
        raise ValueError(f"{variable}: {text!r} in {entry!r} goes beyond the day; times are 00:00 to 24:00.")
    if start == end:
        raise ValueError(f"{variable}: {text!r} in {entry!r} has no length; a whole day is 00:00-24:00.")
    return Interval(start, end if end > start else end + _DAY)


def _entries(text: str) -> Iterable[str]:
    return (" ".join(entry.split()) for entry in text.split(";") if entry.strip())


# -- Moments


@functools.lru_cache(maxsize=64)
def _holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    # The library's own calendar fills itself while it is asked, which two threads must not see half done.
    return frozenset(holidays.country_holidays(country, subdiv=region, years=year, expand=False))


def _first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at which the clocks of the zone show `wall`, which has no zone, or a later time."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # The clocks jump over `wall`: read with the offset of after the jump it is before it, and the other way round.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            after = middle
        else:
            before = middle
    return after


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """`spans` are ordered by their beginnings."""
    held: Span | None = None
    for start, end in spans:
        if start >= end:
            # All of it lies in an hour that the clocks leave out.
            continue
        if held is None:
            held = start, end
        elif start <= held[1]:
            held = held[0], max(held[1], end)
        else:
            yield held
            held = start, end
    if held is not None:
        yield held


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("a moment needs a zone")
    return at


# -- Words


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _days(days: Sequence[int]) -> str:
    if len(days) == 7:
        return "Every day"
    if len(days) == 1:
        return _NAMES[days[0]]
    return f"{_NAMES[days[0]]} {'and' if len(days) == 2 else 'to'} {_NAMES[days[-1]]}"


def _intervals(day: Day) -> str:
    *others, last = (str(interval) for interval in sorted(day))
    return f"{', '.join(others)} and {last}" if others else last


def _day_in_words(at: datetime, far: bool) -> str:
    name = _NAMES[at.weekday()]
    return f"{name} {at.day} {at:%B}" if far else name
