from __future__ import annotations

import pytest
from support_runner import spawn_plain

from graphviz_app.protocol import Ready
from graphviz_app.runner import WorkerPool


class CountingSpawn:
    def __init__(self):
        self.workers = []

    def __call__(self):
        self.workers.append(spawn_plain())
        return self.workers[-1]


@pytest.fixture
def spawn():
    made = CountingSpawn()
    yield made
    for worker in made.workers:
        worker.close()


@pytest.fixture
def pool(spawn):
    made = WorkerPool(spawn=spawn)
    yield made
    made.close()


def test_the_warmed_worker_is_the_one_that_is_taken(pool, spawn):
    pool.warm()
    pool.warm()
    worker = pool.take()
    assert spawn.workers == [worker]
    assert isinstance(worker.channel.receive(), Ready)


def test_a_worker_that_died_while_it_waited_is_replaced(pool, spawn):
    pool.warm()
    dead = spawn.workers[0]
    dead.kill()
    dead.process.wait()
    worker = pool.take()
    assert worker is not dead
    assert worker.is_alive


def test_taking_from_a_cold_pool_starts_a_worker(pool):
    assert pool.take().is_alive


def test_a_closed_pool_ends_the_waiting_worker_and_gives_none(pool, spawn):
    pool.warm()
    pool.close()
    assert not spawn.workers[0].is_alive
    with pytest.raises(RuntimeError):
        pool.take()


def test_warming_later_does_not_happen_after_the_pool_was_closed(pool, spawn):
    pool.warm(delay=60)
    pool.close()
    assert spawn.workers == []


def test_warming_later_happens(pool, spawn):
    pool.warm(delay=0.01)
    while not spawn.workers:
        pass
    assert spawn.workers[0].is_alive
