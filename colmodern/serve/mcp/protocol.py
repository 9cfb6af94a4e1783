"""How do tools and resources speak the Model Context Protocol?"""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from colmodern import __version__
from colmodern.errors import ColModernError, RequestRefusedError
from colmodern.serve.mcp import resources
from colmodern.serve.mcp.answer import ToolAnswer
from colmodern.serve.mcp.arguments import checked_arguments
from colmodern.serve.mcp.desk import Caller, Desk
from colmodern.serve.mcp.failures import failure_text
from colmodern.serve.mcp.identity import INSTRUCTIONS, NAME, TITLE
from colmodern.serve.mcp.tools import AgentTool, tools_of

logger = logging.getLogger(__name__)

Context: TypeAlias = ServerRequestContext[Any, Any]


def make_protocol(desk: Desk) -> Server[Any]:
    """Return what answers the messages of an agent with the tools of a desk."""
    handlers = _Handlers(desk)
    return Server(
        NAME,
        version=__version__,
        title=TITLE,
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
    )


class _Handlers:
    """One method a message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tools = {one.name: one for one in tools_of(desk.config, is_local=desk.is_local)}

    async def list_tools(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Say which tools there are."""
        return types.ListToolsResult(tools=[_described(one) for one in self._tools.values()])

    async def call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Do what a tool does; whatever goes wrong is told as the tool's answer."""
        try:
            answer = await self._called(params, _caller(context))
        except ColModernError as error:
            return _failed(error)
        except Exception:
            logger.exception("the tool %.100r failed", params.name)
            return _failed(_internal())
        content: list[types.ContentBlock] = [types.TextContent(type="text", text=answer.text)]
        return types.CallToolResult(content=content, structured_content=dict(answer.values))

    async def _called(self, params: types.CallToolRequestParams, caller: Caller) -> ToolAnswer:
        tool = self._tools.get(params.name)
        if tool is None:
            message = f"There is no tool {params.name!r:.100}; there are {', '.join(self._tools)}."
            raise RequestRefusedError(message, code="request_invalid")
        arguments = checked_arguments(tool.name, tool.schema, params.arguments or {})
        return await tool.call(self._desk, arguments, caller)

    async def list_resources(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Say that there is a guide; documents are too many to list."""
        guide = types.Resource(
            name="guide",
            title="How to search well here",
            uri=resources.GUIDE,
            description="Modes, the language of where, the fields of the indexes, limits.",
            mime_type="text/markdown",
        )
        return types.ListResourcesResult(resources=[guide])

    async def list_templates(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Say where a document of the first index lies."""
        document = types.ResourceTemplate(
            name="document",
            title="A document of the first index",
            uri_template=resources.DOCUMENT_TEMPLATE,
            description="The text of the document with an id that search gives.",
            mime_type="text/plain",
        )
        return types.ListResourceTemplatesResult(resource_templates=[document])

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Give the text of a resource."""
        try:
            text, kind = await resources.resource(self._desk, params.uri, _caller(context))
        except ColModernError as error:
            raise MCPError(types.INVALID_PARAMS, failure_text(error)) from error
        except Exception as error:
            logger.exception("a resource failed")
            raise MCPError(types.INTERNAL_ERROR, failure_text(_internal())) from error
        contents = types.TextResourceContents(uri=params.uri, mime_type=kind, text=text)
        return types.ReadResourceResult(contents=[contents])


def _described(tool: AgentTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(tool.schema),
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.is_reading,
            destructive_hint=not tool.is_reading,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def _caller(context: Context) -> Caller:
    return Caller(context.request, context.session.report_progress)


def _failed(error: ColModernError) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=failure_text(error))]
    return types.CallToolResult(content=content, is_error=True)


def _internal() -> RequestRefusedError:
    return RequestRefusedError("The server failed; its log says how.", code="internal")
