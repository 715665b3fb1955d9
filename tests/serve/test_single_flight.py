import asyncio
import time

import pytest

from cookiewarden.serve.single_flight import Shared


async def test_requests_before_the_work_begins_share_its_result_and_later_ones_get_a_newer_one() -> None:
    shared, begun = Shared(), 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        number = begun
        await asyncio.sleep(0.05)
        return number

    first = [asyncio.create_task(shared.get("page", work)) for _ in range(50)]
    await asyncio.sleep(0.02)
    later = [asyncio.create_task(shared.get("page", work)) for _ in range(50)]
    assert {await task for task in first} == {1} and {await task for task in later} == {2}


async def test_the_work_takes_at_most_half_of_the_time() -> None:
    shared, worked = Shared(), 0.0

    async def work() -> None:
        nonlocal worked
        time.sleep(0.01)  # noqa: ASYNC251 (as a computation does)
        worked += 0.01

    async def client(name: str, until: float) -> None:
        while time.monotonic() < until:
            await shared.get(name, work)

    began = time.monotonic()
    await asyncio.gather(*(client(f"page{number % 3}", began + 0.5) for number in range(12)))
    assert 0.03 < worked <= 0.65 * (time.monotonic() - began)


async def test_failed_work_fails_only_for_its_waiters() -> None:
    shared = Shared()

    async def fails() -> None:
        raise ZeroDivisionError

    async def works() -> int:
        return 1

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await shared.get("page", fails)
    assert await shared.get("page", works) == 1


async def test_a_cancelled_waiter_does_not_affect_the_others() -> None:
    shared = Shared()

    async def work() -> int:
        await asyncio.sleep(0.05)
        return 1

    gone, stays = (asyncio.create_task(shared.get("page", work)) for _ in range(2))
    await asyncio.sleep(0.01)
    gone.cancel()
    assert await stays == 1
