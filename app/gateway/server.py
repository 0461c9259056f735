"""Running the gateway: one process, one event loop."""

import gc

import uvicorn
from starlette.types import ASGIApp

from tierwatch.gateway.connection_limits import BoundedHttp

# Streams in flight at a stop may take this long to end; then they are cut and recorded as cut.
_DRAIN_S = 30
# Longer than the 60 s for which usual load balancers and clients keep a connection, so that they,
# and not we, close it: the other way round a request can be sent into a closing connection.
_KEEP_ALIVE_S = 75


def gateway_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """A server that has not been started; `run_server` runs it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
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
            timeout_graceful_shutdown=_DRAIN_S,
        )
    )


def run_server(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, then let the replies in flight end."""
    # What the imports left behind lives as long as the process. Each full collection would walk it,
    # and every reply in flight would wait for that.
    gc.collect()
    gc.freeze()
    gateway_server(app, host, port).run()
