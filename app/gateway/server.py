"""Running the gateway: one process, one event loop, and a stop that loses nothing.

uvicorn's own stop does four things that lose requests: it gives the signal back to the process,
which dies of it before anything is flushed; it resets the connections that the kernel has accepted
and it has not; it closes a connection between two requests of a busy caller; and it ends while
tasks that it has just cancelled have not recorded what they served.
"""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Iterator, Sequence

import structlog
import uvicorn
import uvloop

from tierwatch.gateway.asgi import ASGIApp
from tierwatch.gateway.connection_limits import BoundedHttp
from tierwatch.gateway.processes.listening import listeners_at, waiting_connections
from tierwatch.gateway.processes.siblings import Siblings
from tierwatch.stop_signals import StopSignals

# Streams in flight at a stop may take this long to end; then they are cut and recorded as cut.
DRAIN_S = 30.0
# A caller who was not told `connection: close` may be sending the next request just now, so at a
# stop a connection is closed once it has been without one for so long. Who asks meanwhile is
# answered.
_IDLE_S = 2.0
# For what was cut to be recorded.
_CUT_S = 2.0
# What may gather between two collections; Python's 700 are 20 requests under way.
_YOUNG_OBJECTS = 10_000
# For the application's own end: tasks, clients and threads behind the requests' back.
_CLOSE_S = 8.0
# Longer than the 60 s for which usual load balancers and clients keep a connection, so that they,
# and not we, close it: the other way round a request can be sent into a closing connection.
_KEEP_ALIVE_S = 75
_PAUSE_S = 0.02

# Beyond its drain a stop takes this long at most, and then the recorder's last flush.
STOP_S = _CUT_S + _CLOSE_S + 5.0

_log = structlog.get_logger(__name__)


class GatewayServer(uvicorn.Server):
    """uvicorn's server with an end of our own.

    Args:
        config: uvicorn's.
        signals: end it; None for a server that is ended by ``should_exit``.
        listeners: bound sockets; None makes them of the configuration's address.
        drain_s: for replies in flight.
        siblings: the other processes of this gateway, where it has more than one.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        signals: StopSignals | None = None,
        listeners: Sequence[socket.socket] | None = None,
        drain_s: float = DRAIN_S,
        siblings: Siblings | None = None,
    ) -> None:
        super().__init__(config)
        self._siblings = siblings
        self._beside = contextlib.AsyncExitStack()
        self._signals = signals
        self._listeners = list(listeners or ())
        self._drain_s = drain_s

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever made them ours."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on copies of the sockets: what the kernel accepts until the end waits in ours."""
        del sockets
        if not self._listeners:
            self._listeners = listeners_at(self.config.host, self.config.port)
        await super().startup(sockets=[listener.dup() for listener in self._listeners])
        if self._siblings is not None:
            await self._beside.enter_async_context(self._siblings.listening())

    async def on_tick(self, counter: int) -> bool:
        """Whether to end."""
        asked = self._signals is not None and self._signals.asked
        return await super().on_tick(counter) or asked

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what has arrived, cut what does not end, then close the application."""
        del sockets
        _log.info("stopping", connections=len(self.server_state.connections))
        # Who asks from now on is answered, and asked to come back elsewhere.
        self.server_state.default_headers.append((b"connection", b"close"))
        for connection in list(self.server_state.connections):
            if _is_before_reply(connection):
                connection.shutdown()
        await self._beside.aclose()
        for server in self.servers:
            server.close()
        await self._take_waiting()
        await self._drain()
        await self._cut()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.lifespan.shutdown()
        except TimeoutError:
            _log.error("the application did not close in time", within_s=_CLOSE_S)
        _log.info("stopped")

    async def _take_waiting(self) -> None:
        """Serve the connections that the kernel accepted and nobody has taken yet."""
        loop = asyncio.get_running_loop()
        for taken in waiting_connections(self._listeners):
            await loop.connect_accepted_socket(self._protocol, taken)
        self._listeners.clear()

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )
        return protocol

    @property
    def _hurried(self) -> bool:
        return self.force_exit or (self._signals is not None and self._signals.hurried)

    async def _drain(self) -> None:
        """Wait for replies in flight, and a while for callers who are just asking."""
        loop = asyncio.get_running_loop()
        began = now = loop.time()
        idle_since: dict[object, float] = {}
        while self.server_state.connections or self.server_state.tasks:
            if self._hurried or now - began > self._drain_s:
                return
            idle = {one for one in self.server_state.connections if _is_idle(one)}
            idle_since = {one: idle_since.get(one, now) for one in idle}
            for connection in idle:
                if now - idle_since[connection] > _IDLE_S:
                    connection.transport.close()
            await asyncio.sleep(_PAUSE_S)
            now = loop.time()

    async def _cut(self) -> None:
        """End what did not end by itself; each request records how far it came."""
        tasks = list(self.server_state.tasks)
        if tasks:
            _log.warning("replies are cut by the stop", replies=len(tasks), after_s=self._drain_s)
            for task in tasks:
                task.cancel("the gateway stops")
            _, stuck = await asyncio.wait(tasks, timeout=_CUT_S)
            if stuck:
                _log.error("requests do not end and are left", requests=len(stuck))
        for connection in list(self.server_state.connections):
            connection.transport.close()


def _is_idle(connection: object) -> bool:
    """Whether no request is under way on a connection of uvicorn's."""
    cycle = getattr(connection, "cycle", None)
    return cycle is None or bool(cycle.response_complete)


def _is_before_reply(connection: object) -> bool:
    """Whether a request is under way whose reply can still say `connection: close`."""
    cycle = getattr(connection, "cycle", None)
    return cycle is not None and not cycle.response_started


def gateway_server(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    signals: StopSignals | None = None,
    listeners: Sequence[socket.socket] | None = None,
    drain_s: float = DRAIN_S,
    siblings: Siblings | None = None,
) -> GatewayServer:
    """A server that has not been started; `run_server` runs it."""
    return GatewayServer(
        uvicorn.Config(
            app if siblings is None else siblings,
            host=host,
            port=port,
            loop="uvloop",
            http=BoundedHttp,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            headers=[("x-content-type-options", "nosniff")],
            proxy_headers=False,  # nobody asks for the caller's address
            timeout_keep_alive=_KEEP_ALIVE_S,
        ),
        signals=signals,
        listeners=listeners,
        drain_s=drain_s,
        siblings=siblings,
    )


def run_server(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    signals: StopSignals,
    listeners: Sequence[socket.socket] | None = None,
    drain_s: float = DRAIN_S,
    siblings: Siblings | None = None,
) -> None:
    """Serve until a signal, then let the replies in flight end.

    Raises:
        StackError: the address cannot be listened on.
    """
    # What the imports left behind lives as long as the process. Each full collection would walk it,
    # and every reply in flight would wait for that.
    gc.collect()
    gc.freeze()
    # Requests that succeed leave no cycles: a collection finds nothing, and walks those under way.
    gc.set_threshold(_YOUNG_OBJECTS)
    server = gateway_server(
        app, host, port, signals=signals, listeners=listeners, drain_s=drain_s, siblings=siblings
    )
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(server.serve())
        loop.run_until_complete(_leave_tasks())
    finally:
        asyncio.set_event_loop(None)
        # Threads that wait for somebody else's server are not waited for.
        loop.close()


async def _leave_tasks() -> None:
    """Cancel what still runs; `asyncio.run` would wait for it without limit."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=_CUT_S)
