"""Who does the units: this process, local processes and clusters give the same, and what dies is done again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from remora.flow.sweep import workers as subject
from remora.flow.sweep.units import Context, Store, Unit
from remora.flow.sweep.workers import HERE, Done, Workers, do_all
from remora.spec.lib.errors import RemoraError
from tests.flow.sweep.clusters import START_S, cluster


class OwnError(Exception):
    """What cannot be sent from one process to another: unpickling calls it without its second argument."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def square(number: int, pause: float = 0.0) -> Unit:
    """A unit whose result says who did it."""

    def work(context: Context) -> dict:
        time.sleep(pause)
        context.advance(3)
        return {"value": number * number, "by": os.getpid()}

    return Unit({"number": number}, 3, work)


def collect(store: Store, units: list[Unit], workers: Workers = HERE) -> tuple[list[Done], int]:
    """All that comes, and the work that was said to be done."""
    advanced: list[int] = []
    return list(do_all(store, units, workers, advanced.append)), sum(advanced)


def values(done: list[Done]) -> dict[int, int]:
    """Results by place; none may have failed."""
    assert not [each.stored for each in done if isinstance(each.stored, Exception)]
    assert len({each.number for each in done}) == len(done)
    return {each.number: each.stored["result"]["value"] for each in done}


def by(done: list[Done]) -> set[int]:
    """The processes that did the units; none may have failed."""
    assert not [each.stored for each in done if isinstance(each.stored, Exception)]
    return {each.stored["result"]["by"] for each in done}


def test_processes_give_what_one_gives_and_nothing_is_done_twice(tmp_path):
    units, store = [square(number) for number in range(12)], Store("square", 1, tmp_path)
    first, advanced = collect(store, units[:5])
    assert values(first) == {n: n * n for n in range(5)} and by(first) == {os.getpid()} and advanced == 15
    every, advanced = collect(store, units, Workers(2))
    assert values(every) == {n: n * n for n in range(12)} and advanced == 36
    assert [each.before for each in every] == [True] * 5 + [False] * 7
    later = [each for each in every if not each.before]
    assert len(by(later)) == 2 and os.getpid() not in by(later)
    assert collect(store, units) == ([each._replace(before=True) for each in sorted(every)], 36)
    assert not list(tmp_path.rglob("*.state")) and len(list(tmp_path.rglob("*.json"))) == 12


@pytest.mark.parametrize("workers", [HERE, Workers(2)], ids=["here", "processes"])
def test_a_unit_that_fails_keeps_nobody_else_from_going_on(workers, tmp_path):
    def fail(context: Context) -> dict:
        raise OwnError("not ", "here")

    units, store = [square(0), Unit({"fails": True}, 1, fail), square(2)], Store("square", 1, tmp_path)
    for _ in range(2):
        done, advanced = collect(store, units, workers)
        failed = [each for each in done if isinstance(each.stored, Exception)]
        assert [each.number for each in failed] == [1] and "not here" in str(failed[0].stored) and advanced == 6
        assert values([each for each in done if each.number != 1]) == {0: 0, 2: 4}


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(tmp_path):
    units, store = [square(number, 0.1) for number in range(40)], Store("square", 1, tmp_path)
    done = []
    with cluster(2, tmp_path) as own:
        for each in do_all(store, units, Workers(cluster=own.address), lambda work: None):
            done.append(each)
            if len(by(done)) == 2 and not own.workers[0].poll():
                own.workers[0].kill()
                own.workers[0].wait()
        survivor, killed = own.workers[1].pid, own.workers[0].pid
    assert values(done) == {n: n * n for n in range(40)} and by(done) == {survivor, killed}
    last = [each.stored["result"]["by"] for each in done[-20:]]
    assert set(last) == {survivor}
    again, _ = collect(store, units)
    assert all(each.before for each in again) and len(again) == 40


def test_a_unit_on_which_every_worker_dies_fails_alone(tmp_path):
    def die(context: Context) -> dict:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    units, store = [Unit({"dies": True}, 1, die), *map(square, range(1, 4))], Store("square", 1, tmp_path)
    done, _ = collect(store, units, Workers(2))
    [failed] = [each for each in done if isinstance(each.stored, Exception)]
    assert failed.number == 0 and "4 workers died on this unit" in str(failed.stored)
    assert values([each for each in done if each.number]) == {1: 1, 2: 4, 3: 9}


def test_a_batch_system_starts_the_workers(tmp_path, monkeypatch):
    """One whose jobs are processes of this machine, by the configuration of Dask as a person gives it."""
    import dask

    monkeypatch.chdir(tmp_path)
    settings = {"cores": 1, "processes": 1, "memory": "1GB", "interface": "lo", "local-directory": str(tmp_path)}
    with dask.config.set({f"jobqueue.local.{key}": value for key, value in settings.items()}):
        done, _ = collect(Store("square", 1, tmp_path), [square(n) for n in range(5)], Workers(2, "local-queue"))
    assert values(done) == {n: n * n for n in range(5)} and os.getpid() not in by(done)


def test_what_is_no_cluster_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "CONNECT_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "no address"):
        with pytest.raises(RemoraError, match=f"--cluster {address}: no Dask scheduler answers there"):
            collect(Store("square", 1, tmp_path), [square(1)], Workers(cluster=address))


def test_another_version_of_the_project_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "project_version", lambda: "0.0.9")
    with pytest.raises(RemoraError, match=r"worker tcp://\S+ has remora .* and this is remora 0.0.9"):
        collect(Store("square", 1, tmp_path), [square(1)], Workers(2))


def test_nobody_is_started_where_nothing_is_left(tmp_path):
    store = Store("square", 1, tmp_path)
    collect(store, [square(1)])
    done, _ = collect(store, [square(1)], Workers(cluster="no address"))
    assert done[0].before and collect(store, [], Workers(2)) == ([], 0)
    assert START_S > 0 and Path(tmp_path, "units").is_dir()
