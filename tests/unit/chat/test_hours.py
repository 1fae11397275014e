"""Opening hours: clocks that jump, midnights, holidays, and a slow clock that looks at every minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.chat.hours import HORIZON, Day, Hours, Interval, parse_hours, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=BERLIN, fold=fold)  # type: ignore[misc,arg-type]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


# -- The usual week


def test_people_are_there_on_working_days_from_nine_to_six() -> None:
    hours = Hours()
    assert not hours.is_open(berlin(2026, 11, 24, 8, 59))
    assert hours.is_open(berlin(2026, 11, 24, 9, 0))
    assert hours.is_open(berlin(2026, 11, 24, 17, 59))
    assert not hours.is_open(berlin(2026, 11, 24, 18, 0))
    assert not hours.is_open(berlin(2026, 11, 28, 12, 0))


def test_the_next_opening_is_now_where_it_is_open_and_in_utc() -> None:
    now = berlin(2026, 11, 24, 12, 0)
    opening = Hours().next_opening(now)
    assert opening == now
    assert opening is not None
    assert opening.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        (berlin(2026, 11, 24, 7, 0), berlin(2026, 11, 24, 9, 0)),
        (berlin(2026, 11, 24, 18, 0), berlin(2026, 11, 25, 9, 0)),
        (berlin(2026, 11, 27, 18, 0), berlin(2026, 11, 30, 9, 0)),
        (utc(2026, 11, 24, 17, 30), berlin(2026, 11, 25, 9, 0)),
    ],
)
def test_the_next_opening(at: datetime, opening: datetime) -> None:
    assert Hours().next_opening(at) == opening


def test_it_closes_in_the_evening_and_not_where_it_is_closed() -> None:
    assert Hours().closes_at(berlin(2026, 11, 24, 9, 0)) == berlin(2026, 11, 24, 18, 0)
    assert Hours().closes_at(berlin(2026, 11, 24, 18, 0)) is None


def test_intervals_that_touch_are_one() -> None:
    hours = parse_hours("tue 09:00-12:00,12:00-24:00; wed 00:00-03:00")
    assert hours.closes_at(berlin(2026, 11, 24, 9, 0)) == berlin(2026, 11, 25, 3, 0)


def test_a_break_at_noon_is_closed() -> None:
    hours = parse_hours("tue 09:00-12:00,13:00-15:00")
    assert hours.closes_at(berlin(2026, 11, 24, 9, 0)) == berlin(2026, 11, 24, 12, 0)
    assert hours.next_opening(berlin(2026, 11, 24, 12, 0)) == berlin(2026, 11, 24, 13, 0)


def test_a_moment_without_a_zone_is_refused() -> None:
    for ask in (Hours().is_open, Hours().next_opening, Hours().closes_at, Hours().opening_in_words):
        with pytest.raises(ValueError, match="zone"):
            ask(datetime(2026, 11, 24, 12, 0))  # noqa: DTZ001


# -- Midnight


def test_an_interval_may_pass_midnight() -> None:
    hours = parse_hours("mon 22:00-02:00")
    assert hours.is_open(berlin(2026, 11, 23, 23, 59))
    assert hours.is_open(berlin(2026, 11, 24, 0, 0))
    assert hours.is_open(berlin(2026, 11, 24, 1, 59))
    assert not hours.is_open(berlin(2026, 11, 24, 2, 0))
    assert not hours.is_open(berlin(2026, 11, 23, 1, 0))
    assert hours.closes_at(berlin(2026, 11, 23, 22, 0)) == berlin(2026, 11, 24, 2, 0)


def test_a_night_that_overlaps_the_next_day_is_one_with_it() -> None:
    hours = parse_hours("mon 22:00-10:00; tue 08:00-12:00")
    assert hours.closes_at(berlin(2026, 11, 23, 23, 0)) == berlin(2026, 11, 24, 12, 0)


def test_around_the_clock_never_closes() -> None:
    hours = parse_hours("mon-sun 00:00-24:00", holidays="")
    assert hours.is_open(berlin(2026, 12, 31, 23, 59))
    assert hours.closes_at(berlin(2026, 11, 24, 12, 0)) is None


def test_what_began_before_a_closed_day_ends_at_its_own_time() -> None:
    hours = parse_hours("thu,fri 20:00-04:00", holidays="DE")
    assert hours.is_open(berlin(2026, 12, 25, 3, 59))
    assert not hours.is_open(berlin(2026, 12, 25, 20, 0))


# -- Clocks that jump


def test_the_opening_follows_the_zone_in_march_and_october() -> None:
    hours = Hours()
    assert hours.next_opening(berlin(2026, 3, 27, 18, 0)) == utc(2026, 3, 30, 7, 0)
    assert hours.next_opening(berlin(2026, 10, 23, 18, 0)) == utc(2026, 10, 26, 8, 0)


@pytest.mark.parametrize(
    ("interval", "opens", "closes"),
    [
        ("02:30-05:00", utc(2026, 3, 29, 1, 0), utc(2026, 3, 29, 3, 0)),
        ("01:00-02:30", utc(2026, 3, 29, 0, 0), utc(2026, 3, 29, 1, 0)),
        ("03:00-04:00", utc(2026, 3, 29, 1, 0), utc(2026, 3, 29, 2, 0)),
    ],
)
def test_the_hour_that_spring_leaves_out(interval: str, opens: datetime, closes: datetime) -> None:
    hours = parse_hours(f"sun {interval}")
    assert hours.next_opening(berlin(2026, 3, 28, 12, 0)) == opens
    assert hours.closes_at(opens) == closes


def test_an_interval_within_the_hour_that_spring_leaves_out_is_left_out() -> None:
    hours = parse_hours("sun 02:10-02:50")
    assert hours.next_opening(berlin(2026, 3, 28, 12, 0)) == berlin(2026, 4, 5, 2, 10)


def test_an_interval_within_the_hour_that_autumn_repeats_counts_once() -> None:
    hours = parse_hours("sun 02:15-02:45")
    opens = hours.next_opening(berlin(2026, 10, 24, 12, 0))
    assert opens == utc(2026, 10, 25, 0, 15)
    assert hours.closes_at(utc(2026, 10, 25, 0, 15)) == utc(2026, 10, 25, 0, 45)
    assert not hours.is_open(berlin(2026, 10, 25, 2, 30, fold=1))


def test_a_night_in_autumn_is_an_hour_longer() -> None:
    hours = parse_hours("sat 22:00-06:00")
    opens = berlin(2026, 10, 24, 22, 0).astimezone(UTC)
    assert hours.closes_at(opens) == opens + timedelta(hours=9)


def test_a_day_that_a_zone_left_out_has_no_hours() -> None:
    hours = parse_hours("fri 09:00-17:00; sat 09:00-12:00", "Pacific/Apia", holidays="")
    assert hours.next_opening(utc(2011, 12, 30, 9, 0)) == datetime(2011, 12, 31, 9, 0, tzinfo=ZoneInfo("Pacific/Apia"))


# -- Holidays, exceptions, the turn of the year


def test_a_holiday_is_closed() -> None:
    assert not Hours().is_open(berlin(2026, 5, 1, 12, 0))
    assert Hours(country=None).is_open(berlin(2026, 5, 1, 12, 0))


def test_a_region_has_holidays_of_its_own() -> None:
    women_in_berlin = berlin(2027, 3, 8, 12, 0)
    assert Hours().is_open(women_in_berlin)
    assert not parse_hours(holidays="DE/BE").is_open(women_in_berlin)


def test_the_turn_of_the_year_knows_the_holidays_of_both() -> None:
    hours = parse_hours(exceptions="2026-12-31 closed")
    assert hours.next_opening(berlin(2026, 12, 30, 18, 0)) == berlin(2027, 1, 4, 9, 0)
    night = parse_hours("thu 22:00-02:00")
    assert night.is_open(berlin(2027, 1, 1, 1, 59))
    assert night.closes_at(berlin(2026, 12, 31, 22, 0)) == berlin(2027, 1, 1, 2, 0)


def test_exceptions_come_before_the_week_and_before_holidays() -> None:
    hours = parse_hours(exceptions="2026-12-24 closed; 2026-12-25 10:00-11:00; 2026-12-27 09:00-10:00,11:00-12:00")
    assert not hours.is_open(berlin(2026, 12, 24, 12, 0))
    assert hours.is_open(berlin(2026, 12, 25, 10, 30))
    assert not hours.is_open(berlin(2026, 12, 25, 12, 0))
    assert hours.next_opening(berlin(2026, 12, 27, 10, 0)) == berlin(2026, 12, 27, 11, 0)


def test_nothing_within_sixty_days_is_no_opening() -> None:
    now = berlin(2026, 11, 24, 12, 0)
    border = (now + HORIZON).date()
    closed = Hours(week=((),) * 7)
    assert closed.next_opening(now) is None
    assert Hours(week=((),) * 7, exceptions={border: (Interval(12 * 60, 13 * 60),)}).next_opening(now) == now + HORIZON
    assert Hours(week=((),) * 7, exceptions={border: (Interval(12 * 60 + 1, 13 * 60),)}).next_opening(now) is None


# -- Words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mon-fri 09:00-18:00", "Monday to Friday 09:00–18:00 (Europe/Berlin)"),
        (
            "mon-fri 9:00-18:00; sat 13:00-15:00,10:00-12:00",
            "Monday to Friday 09:00–18:00, Saturday 10:00–12:00 and 13:00–15:00 (Europe/Berlin)",
        ),
        ("mon,tue,thu 22:00-02:00", "Monday and Tuesday 22:00–02:00, Thursday 22:00–02:00 (Europe/Berlin)"),
        ("fri-mon 08:00-09:00", "Monday 08:00–09:00, Friday to Sunday 08:00–09:00 (Europe/Berlin)"),
        ("mon-sun 00:00-24:00", "Every day 00:00–24:00 (Europe/Berlin)"),
    ],
)
def test_the_week_in_words(text: str, words: str) -> None:
    assert parse_hours(text).week_in_words() == words


def test_a_week_without_hours_in_words() -> None:
    assert Hours(week=((),) * 7).week_in_words() == "Closed all week (Europe/Berlin)"


def test_an_opening_in_words() -> None:
    at = utc(2026, 11, 30, 8, 0)
    say = Hours().opening_in_words
    assert say(at) == "Monday 09:00 (Europe/Berlin)"
    assert say(at, ZoneInfo("America/New_York")) == "Monday 09:00 (Europe/Berlin), 03:00 in America/New_York"
    assert say(at, ZoneInfo("Pacific/Honolulu")) == "Monday 09:00 (Europe/Berlin), Sunday 22:00 in Pacific/Honolulu"
    assert say(at, ZoneInfo("Europe/Madrid")) == "Monday 09:00 (Europe/Berlin)"


def test_an_opening_that_is_far_off_has_its_date() -> None:
    at = utc(2027, 1, 4, 8, 0)
    say = Hours().opening_in_words
    assert say(at, now=utc(2026, 12, 29, 8, 0)) == "Monday 09:00 (Europe/Berlin)"
    assert say(at, now=utc(2026, 12, 28, 8, 0)) == "Monday 4 January 09:00 (Europe/Berlin)"


# -- Configuration


def test_configuration_without_anything_is_the_default() -> None:
    assert parse_hours() == Hours()


def test_configuration_is_read() -> None:
    hours = parse_hours(" Mon-Tue  09:00-12:00 ; sun 20:00-01:00;", "Asia/Tokyo", "JP", "2026-12-31 closed")
    assert hours.week[:2] == ((Interval(540, 720),),) * 2
    assert hours.week[6] == (Interval(1200, 1500),)
    assert (hours.zone.key, hours.country, hours.region) == ("Asia/Tokyo", "JP", None)
    assert hours.exceptions == {date(2026, 12, 31): ()}
    assert parse_hours(holidays="").country is None


@pytest.mark.parametrize(
    ("changes", "variable", "named"),
    [
        ({"hours": ""}, "CHAT_HOURS", "no day"),
        ({"hours": "mon"}, "CHAT_HOURS", "''"),
        ({"hours": "moon 09:00-18:00"}, "CHAT_HOURS", "'moon'"),
        ({"hours": "mon-fry 09:00-18:00"}, "CHAT_HOURS", "'fry'"),
        ({"hours": "mon 9-18"}, "CHAT_HOURS", "'9-18'"),
        ({"hours": "mon 09:00-25:00"}, "CHAT_HOURS", "'09:00-25:00'"),
        ({"hours": "mon 09:60-10:00"}, "CHAT_HOURS", "'09:60-10:00'"),
        ({"hours": "mon 24:00-01:00"}, "CHAT_HOURS", "'24:00-01:00'"),
        ({"hours": "mon 09:00-09:00"}, "CHAT_HOURS", "'09:00-09:00'"),
        ({"hours": "mon 09:00-12:00,11:00-13:00"}, "CHAT_HOURS", "overlap"),
        ({"hours": "mon-wed 09:00-12:00; wed 14:00-15:00"}, "CHAT_HOURS", "Wednesday"),
        ({"timezone": "Europe/Cologne"}, "CHAT_TIMEZONE", "'Europe/Cologne'"),
        ({"timezone": ""}, "CHAT_TIMEZONE", "''"),
        ({"holidays": "Germany"}, "CHAT_HOLIDAYS", "'Germany'"),
        ({"holidays": "/BE"}, "CHAT_HOLIDAYS", "''"),
        ({"holidays": "DE/XX"}, "CHAT_HOLIDAYS", "BE, BW"),
        ({"holidays": "DE/"}, "CHAT_HOLIDAYS", "''"),
        ({"exceptions": "24.12.2026 closed"}, "CHAT_EXCEPTIONS", "'24.12.2026'"),
        ({"exceptions": "2026-12-24"}, "CHAT_EXCEPTIONS", "'2026-12-24'"),
        ({"exceptions": "2026-12-24 shut"}, "CHAT_EXCEPTIONS", "'shut'"),
        ({"exceptions": "2026-12-24 closed; 2026-12-24 09:00-10:00"}, "CHAT_EXCEPTIONS", "2026-12-24 is there twice"),
    ],
)
def test_wrong_configuration_names_what_is_wrong(changes: dict[str, str], variable: str, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{variable}: ") as fault:
        parse_hours(**changes)
    assert named in str(fault.value)


@pytest.mark.parametrize(
    "name", ["", ".", "/etc/passwd", "../../etc/passwd", "Europe", "Mars/Base", "a\0b", "\ud800", "x" * 5000]
)
def test_a_zone_that_somebody_made_up_is_none(name: str) -> None:
    assert zone_named(name) is None


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (1440, 1500), (10, 10), (10, 1451)])
def test_an_interval_out_of_its_day_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="minute"):
        Interval(start, end)


# -- Properties

# Zones and a day on which their clocks change; two at midnight, one by half an hour, one by a whole day.
JUMPS = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2024, 3, 10)),
    ("America/Santiago", date(2024, 9, 8)),
    ("Atlantic/Azores", date(2024, 10, 27)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Tokyo", date(2026, 6, 1)),
]

intervals = st.builds(
    lambda start, length: Interval(start, start + length), st.integers(0, 1439), st.integers(1, 1440)
) | st.builds(lambda start, length: Interval(start, start + length), st.integers(0, 200), st.integers(1, 90))
days = st.lists(intervals, max_size=3).map(tuple)
weeks = st.lists(days, min_size=7, max_size=7).map(tuple)


@st.composite
def hours_near_a_jump(draw: st.DrawFn) -> tuple[Hours, datetime]:
    name, day = draw(st.sampled_from(JUMPS))
    near = st.integers(-3, 3).map(lambda step: day + timedelta(days=step))
    exceptions = draw(st.dictionaries(near, days, max_size=2))
    country = draw(st.sampled_from([None, "DE", "US"]))
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + draw(st.integers(-3000, 3000)) * MINUTE
    return Hours(draw(weeks), ZoneInfo(name), country, None, exceptions), at


def looked_at_every_minute(hours: Hours, start: datetime, minutes: int) -> Sequence[bool]:
    """Open or not at each minute from `start` on, by a clock that never goes back."""
    day_long = 24 * 60
    furthest = datetime.min  # noqa: DTZ901
    seen = []
    begins: dict[date, Day] = {}
    for number in range(-day_long, minutes):
        moment = start + number * MINUTE
        furthest = max(furthest, moment.astimezone(hours.zone).replace(tzinfo=None))
        midnight = furthest.replace(hour=0, minute=0)
        open_now = False
        for first in (midnight, midnight - timedelta(days=1)):
            for interval in begins.setdefault(first.date(), hours._begins_on(first.date())):
                open_now |= interval.start <= (furthest - first) // MINUTE < interval.end
        seen.append(open_now)
    return seen[day_long:]


@settings(max_examples=60, deadline=None)
@given(hours_near_a_jump())
@example((parse_hours("sat 22:00-02:30; sun 02:30-06:00"), utc(2026, 10, 24, 20, 0)))
@example((parse_hours("sun 02:10-02:50,03:00-03:01"), utc(2026, 3, 28, 20, 0)))
def test_it_agrees_with_a_clock_that_is_looked_at_every_minute(case: tuple[Hours, datetime]) -> None:
    hours, start = case
    minutes = 2 * 24 * 60
    seen = looked_at_every_minute(hours, start, minutes)
    changes = [number for number in range(1, minutes) if seen[number] != seen[number - 1]]
    looks = {0, minutes - 1, *changes, *(number - 1 for number in changes), *range(0, minutes, 97)}
    for number in sorted(looks):
        at = start + number * MINUTE
        assert hours.is_open(at) == seen[number], at
        turn = next((later for later in changes if later > number), None)
        if turn is None:
            continue
        turns = start + turn * MINUTE
        assert (hours.closes_at(at) if seen[number] else hours.next_opening(at)) == turns


@settings(max_examples=200, deadline=None)
@given(hours_near_a_jump(), st.floats(0, 0.999))
def test_the_next_opening_is_open_and_nothing_before_it(case: tuple[Hours, datetime], part: float) -> None:
    hours, at = case
    opening = hours.next_opening(at)
    if opening is None:
        assert not hours.is_open(at + part * HORIZON)
        return
    assert opening >= at
    assert hours.is_open(opening)
    between = at + part * (opening - at)
    assert between == opening or not hours.is_open(between)


@settings(max_examples=200, deadline=None)
@given(hours_near_a_jump(), st.floats(0, 0.999))
def test_it_is_open_until_it_closes(case: tuple[Hours, datetime], part: float) -> None:
    hours, at = case
    closes = hours.closes_at(at)
    if not hours.is_open(at):
        assert closes is None
    elif closes is not None:
        assert closes > at
        assert hours.is_open(at + part * (closes - at))
        assert not hours.is_open(closes)
