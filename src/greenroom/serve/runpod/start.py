"""``greenroom worker``: the model loads and is warmed up, then the SDK takes jobs until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.errors import ExtraMissing, GreenroomError
from greenroom.progress import silent
from greenroom.serve.runpod import logs, sdk
from greenroom.serve.runpod.background import Background
from greenroom.serve.runpod.errors import NotOnRunPod
from greenroom.serve.runpod.gate import Gate
from greenroom.serve.runpod.handler import Handler
from greenroom.serve.runpod.readiness import Readiness
from greenroom.serve.runpod.service import Service
from greenroom.serve.runpod.store import open_store
from greenroom.serve.runpod.unfinished import Unfinished
from greenroom.serve.workers.errors import DeviceLost
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from greenroom.models.registry import Served
    from greenroom.progress import Step
    from greenroom.serve.runpod.media import Media
    from greenroom.serve.runpod.options import WorkerOptions

    Check = Callable[[], Coroutine[Any, Any, None]]

# What runs when the worker ends may take so long to end itself; the SDK has let all its jobs finish before.
_GRACE_S = 5.0
# Codes of errors that a new process does not mend: the device itself is gone.
DEVICE_LOST = frozenset({DeviceLost.code})


def run_worker(served: Served, options: WorkerOptions, media: Media) -> int:
    """Serve jobs of the platform; 0 once it was told to stop and all that it held is done.

    A model that does not load, or a store that takes nothing, ends the process with 1 before any job is taken: the SDK
    does so, and tells the platform why. Raises NotOnRunPod, ExtraMissing, InputInvalid, ModelLost.
    """
    if not sdk.on_platform():
        raise NotOnRunPod
    if not sdk.is_installed():
        raise ExtraMissing("RunPod's SDK", "runpod")
    store = open_store(options)
    config: dict[str, Any] = {"return_aggregate_stream": True}
    with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        pool, background = _pool(stack, served, options)
        sdk.prepare()
        logs.configure()
        readiness = Readiness(pool, served.name, background)
        gate = Gate(
            devices=len(options.devices),
            at_once=served.concurrency,
            fixed=options.concurrency,
            ready=readiness.ready,
            taken=sdk.taken,
            wake=readiness.rouse,
        )
        unfinished = Unfinished(options.unfinished)
        # Beside the loading: a volume may be slow.
        threading.Thread(target=unfinished.remove_forgotten, name="tidying", daemon=True).start()
        service = Service(pool, served, media, store, unfinished)
        handler = Handler(service, background, gate, config, DEVICE_LOST)
        config["handler"] = handler.stream if options.streams else handler.answer
        config["concurrency_modifier"] = gate
        checks: dict[str, Check] = {"store_takes_results": store.check} if store else {}
        _checks(stack, background, checks | {"model_is_warm": readiness.until_ready})
        sdk.run(config)
        asyncio.run(sdk.finish_leftovers(config))
    return 0


def try_job(
    served: Served, options: WorkerOptions, media: Media, given: dict[str, Any], step: Step = silent
) -> dict[str, Any]:
    """What the worker would answer to one input; no platform is asked. Raises GreenroomError."""
    with contextlib.ExitStack() as stack:
        pool, background = _pool(stack, served, options)
        background.call(Readiness(pool, served.name, background).until_ready())
        service = Service(pool, served, media, open_store(options))
        return background.call(service.do({"id": "local-test", "input": given}, step))


def _pool(stack: contextlib.ExitStack, served: Served, options: WorkerOptions) -> tuple[Pool, Background]:
    """The model's processes, which begin to load it; they end with the stack."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="greenroom-", ignore_cleanup_errors=True)))
    background = stack.enter_context(Background())
    pool = Pool([served], options.devices, folder, PoolOptions())
    background.call(pool.start())
    stack.callback(lambda: background.call(pool.stop(_GRACE_S)))
    return pool, background


def _checks(stack: contextlib.ExitStack, background: Background, checks: dict[str, Check]) -> None:
    """Have the SDK make these checks before it takes jobs.

    It ends the process at the first that fails, so quickly that nothing can be cleaned up after it.
    """
    for name, check in checks.items():

        def call(check: Check = check) -> None:
            try:
                background.call(check())
            except GreenroomError as error:
                stack.close()
                sdk.log(f"{error.message}; {error.mend}", level="error")
                raise

        call.__name__ = name
        sdk.check_before_jobs(call)
