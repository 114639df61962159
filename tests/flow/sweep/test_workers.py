"""Who does the units: this process, local processes and clusters give the same, and what dies is done again."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from remora.flow.sweep import clusters
from remora.flow.sweep import workers as subject
from remora.flow.sweep.clusters import HERE, Workers
from remora.flow.sweep.units import Context, Store, Unit
from remora.flow.sweep.workers import Done, do_all
from remora.spec.lib.errors import RemoraError
from tests.flow.sweep.dask_processes import cluster


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
    # Each takes so long that no process does them all.
    units, store = [square(number, 0.2) for number in range(12)], Store("square", 1, tmp_path)
    first, advanced = collect(store, units[:5])
    assert values(first) == {n: n * n for n in range(5)} and by(first) == {os.getpid()} and advanced == 15
    every, advanced = collect(store, units, Workers(2))
    assert values(every) == {n: n * n for n in range(12)} and advanced == 36
    assert [each.before for each in every] == [True] * 5 + [False] * 7
    later = [each for each in every if not each.before]
    assert len(by(later)) == 2 and os.getpid() not in by(later)
    assert collect(store, units) == ([each._replace(before=True) for each in sorted(every)], 36)
    assert not list(tmp_path.rglob("*.state")) and len(list(tmp_path.rglob("*.json"))) == 12


def test_a_batch_system_that_is_not_configured_is_refused(tmp_path):
    with pytest.raises(RemoraError, match="--cluster slurm: Dask's configuration of it does not do"):
        collect(Store("square", 1, tmp_path), [square(1)], Workers(2, "slurm"))


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


def test_workers_that_come_late_get_work(tmp_path, capsys):
    units, store = [square(number, 0.3) for number in range(60)], Store("square", 1, tmp_path)
    with cluster(0, tmp_path) as own:
        late = threading.Timer(2.0, own.start, (3,))
        late.start()
        done = list(do_all(store, units, Workers(cluster=own.address), lambda work: None))
        late.join()
    assert values(done) == {n: n * n for n in range(60)} and len(by(done)) == 3
    assert f"{own.address} has no workers yet; waiting for the first" in capsys.readouterr().err
    # What a worker of a cluster keeps while it works is not left where its files lie.
    assert not list(tmp_path.rglob("*.state"))


def test_a_scheduler_that_is_gone_ends_the_command_with_a_word(tmp_path, monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT_S", 2)
    units, store = [square(number, 0.2) for number in range(100)], Store("square", 1, tmp_path)
    with cluster(1, tmp_path) as own:
        running, done = do_all(store, units, Workers(cluster=own.address), lambda work: None), []
        with pytest.raises(RemoraError, match=f"the scheduler of {own.address} is gone; .* run the command again"):
            for each in running:
                done.append(each)
                if len(done) == 3:
                    own.scheduler.kill()
                    own.scheduler.wait()
    assert 3 <= len(values(done)) < 100
    assert sum(each.before for each in collect(store, units[:3])[0]) >= 1


def test_the_same_unit_is_done_once(tmp_path):
    asked = []

    def work(context: Context) -> dict:
        asked.append(1)
        return {"value": 7}

    units = [Unit({"same": True}, 2, work), square(3), Unit({"same": True}, 5, work)]
    done, advanced = collect(Store("square", 1, tmp_path), units)
    assert values(done) == {0: 7, 1: 9, 2: 7} and asked == [1]
    assert [each.before for each in done] == [False] * 3 and advanced == 3 + 5


def test_two_commands_do_a_unit_once(tmp_path):
    """The second waits for the first, and takes what that has stored."""
    asked, stores = [], [Store("square", 1, tmp_path) for _ in range(2)]

    def work(context: Context) -> dict:
        asked.append(1)
        (context.folder / "half").touch()
        time.sleep(0.5)
        (context.folder / "half").unlink()
        return {"value": 1}

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda store: collect(store, [Unit({"same": True}, 1, work)])[0], stores))
    assert [values(each) for each in found] == [{0: 1}] * 2 and asked == [1]
    assert not list(tmp_path.rglob("*.state"))


def test_a_result_that_is_no_table_is_done_again(tmp_path):
    store = Store("square", 1, tmp_path)
    collect(store, [square(2)])
    [path] = tmp_path.rglob("*.json")
    path.write_text(path.read_text().replace(json.dumps(path.parent.name), "x"))
    text = json.loads(path.read_text())
    path.write_text(json.dumps(text | {"result": 5}))
    assert [each.before for each in collect(store, [square(2)])[0]] == [False]


def test_a_unit_on_which_every_worker_dies_fails_alone(tmp_path):
    def die(context: Context) -> dict:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    units, store = [Unit({"dies": True}, 1, die), *map(square, range(1, 4))], Store("square", 1, tmp_path)
    done, _ = collect(store, units, Workers(2))
    [failed] = [each for each in done if isinstance(each.stored, Exception)]
    assert failed.number == 0 and "every worker that was given this unit died" in str(failed.stored)
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
    monkeypatch.setattr(clusters, "CONNECT_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "no address"):
        with pytest.raises(RemoraError, match=f"--cluster {address}: no Dask scheduler answers there"):
            collect(Store("square", 1, tmp_path), [square(1)], Workers(cluster=address))


def test_another_version_of_the_project_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "project_version", lambda: "0.0.9")
    with pytest.raises(RemoraError, match=r"a worker has remora .* and this is remora 0.0.9"):
        collect(Store("square", 1, tmp_path), [square(1)], Workers(2))


def test_nobody_is_started_where_nothing_is_left(tmp_path):
    store = Store("square", 1, tmp_path)
    collect(store, [square(1)])
    done, _ = collect(store, [square(1)], Workers(cluster="no address"))
    assert done[0].before and collect(store, [], Workers(2)) == ([], 0)
