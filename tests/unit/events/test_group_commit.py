"""Group commit: nobody waits for nothing, and nobody pays for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.events.errors import StoreUnavailable
from shared.events.store.group_commit import GroupCommit


class Log:
    """What was committed, group by group; the first commit can be held up."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.begun = threading.Event()
        self.most = 100

    def new_group(self) -> Group:
        return Group(self)


class Group:
    def __init__(self, log: Log) -> None:
        self._log, self._works = log, list[str]()

    def take(self, work: str) -> bool:
        if self._works and (len(self._works) >= self._log.most or work[0] in {one[0] for one in self._works}):
            return False
        self._works.append(work)
        return True

    def commit(self) -> Sequence[str | Exception]:
        self._log.begun.set()
        self._log.hold.wait(10)
        self._log.groups.append(self._works)
        if "stop" in self._works:
            raise SystemExit
        return [ValueError(work) if work.endswith("!") else work.upper() for work in self._works]


def held_up(log: Log, submit: Callable[[str, float], str], works: Sequence[str]) -> list[str | BaseException]:
    """What comes of a first work, whose commit is held up until all the others wait behind it."""

    def outcome(work: str) -> str | BaseException:
        try:
            return submit(work, 10)
        except BaseException as error:
            return error

    log.hold.clear()
    log.begun.clear()
    with ThreadPoolExecutor(len(works)) as pool:
        first = pool.submit(outcome, works[0])
        assert log.begun.wait(5)
        rest = []
        for place, work in enumerate(works[1:], 1):
            rest.append(pool.submit(outcome, work))
            until(lambda place=place: len(waiting(submit)) == place)
        log.hold.set()
        return [each.result(10) for each in (first, *rest)]


def waiting(commit: Callable[[str, float], str]) -> Sequence[object]:
    return commit._waiting  # type: ignore[attr-defined,no-any-return]


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_what_comes_alone_is_committed_at_once() -> None:
    log = Log()
    commit = GroupCommit(log.new_group)
    assert [commit(work, 1) for work in ("a", "b")] == ["A", "B"]
    assert log.groups == [["a"], ["b"]]


def test_what_arrives_meanwhile_is_one_commit_in_its_order() -> None:
    log = Log()
    assert held_up(log, GroupCommit(log.new_group), ["a", "b", "c", "d"]) == ["A", "B", "C", "D"]
    assert log.groups == [["a"], ["b", "c", "d"]]


def test_one_that_fails_spoils_no_other() -> None:
    log = Log()
    a, b, c, d = held_up(log, GroupCommit(log.new_group), ["a", "b", "c!", "d"])
    assert (a, b, d) == ("A", "B", "D")
    assert isinstance(c, ValueError)


def test_those_that_cannot_be_together_come_one_after_another() -> None:
    log = Log()
    held_up(log, GroupCommit(log.new_group), ["a", "b1", "b2", "c", "b3"])
    assert log.groups == [["a"], ["b1", "c"], ["b2"], ["b3"]]


def test_a_group_has_a_bound() -> None:
    log = Log()
    log.most = 2
    held_up(log, GroupCommit(log.new_group), ["a", "b", "c", "d", "e", "f"])
    assert log.groups == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_a_commit_that_is_cut_off_is_told_to_all_of_its_group_and_to_no_other() -> None:
    log = Log()
    log.most = 2
    a, stop, c, d = held_up(log, GroupCommit(log.new_group), ["a", "stop", "c", "d"])
    assert (a, d) == ("A", "D")
    assert isinstance(stop, SystemExit)
    assert isinstance(c, StoreUnavailable)


def test_who_has_waited_long_enough_leaves_and_is_not_committed() -> None:
    log = Log()
    commit = GroupCommit(log.new_group)
    log.hold.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(commit, "a", 10)
        assert log.begun.wait(5)
        with pytest.raises(StoreUnavailable):
            commit("b", 0.05)
        log.hold.set()
        assert first.result(10) == "A"
    assert commit("c", 1) == "C"
    assert log.groups == [["a"], ["c"]]


def test_many_at_once_each_have_their_own_answer() -> None:
    log = Log()
    log.most = 7
    commit = GroupCommit(log.new_group)
    works = [f"{chr(97 + number % 26)}{number}" for number in range(600)]
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(lambda work: commit(work, 10), works)) == [work.upper() for work in works]
    assert sorted(work for group in log.groups for work in group) == sorted(works)
    assert waiting(commit) == []
