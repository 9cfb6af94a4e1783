"""How is an agent served that started this process, and when does that end?"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from colmodern.serve.config import ServeConfig
from colmodern.serve.mcp.wire import Wire

if TYPE_CHECKING:
    from colmodern.serve.mcp.local import Find


def serve_stdio(find: Find, config: ServeConfig) -> None:
    """Serve the agent at the other end of standard input and output until it closes them.

    Args:
        find: Returns the folder of each index, by name; called at the first call of a tool.
        config: The limits.
    """
    wire = Wire(longest=config.max_body)
    if wire.greet():
        _serve(wire, find, config)


def _serve(wire: Wire, find: Find, config: ServeConfig) -> None:
    gc.disable()  # what is imported stays; looking for garbage among it costs a fifth of the time
    import anyio
    from mcp.server.stdio import stdio_server

    from colmodern.serve.mcp.local import LocalDesk
    from colmodern.serve.mcp.protocol import make_protocol

    gc.freeze()
    gc.enable()

    async def run() -> None:
        desk = LocalDesk(find, config)
        server = make_protocol(desk)
        pipes: Any = wire
        try:
            async with stdio_server(pipes, pipes) as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())
        finally:
            desk.close()

    try:
        anyio.run(run)
    except* BrokenPipeError:
        pass  # the agent has gone
