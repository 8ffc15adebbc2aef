"""What Temporal must know before the first worker polls: namespace, retention, search attributes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.stack.failure import StackError

REGISTRATION_LIMIT = 60.0
"""Seconds that a new namespace, or a new search attribute, may take to be usable."""

VALUE_TYPES: Final = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


async def ensure_namespace(client: Client, retention: timedelta, *, ours: bool) -> None:
    """Make the client's namespace when it is missing; `ours` also brings an existing one to `retention`.

    An existing namespace of somebody else's server keeps what its operators chose.
    """
    service = client.workflow_service
    lasting = Duration()
    lasting.FromTimedelta(retention)
    try:
        found = await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        request = RegisterNamespaceRequest(
            namespace=client.namespace, workflow_execution_retention_period=lasting
        )
        await service.register_namespace(request)
        await _until_usable(client)
        return
    if ours and found.config.workflow_execution_retention_ttl != lasting:
        config = NamespaceConfig(workflow_execution_retention_ttl=lasting)
        await service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))


async def _until_usable(client: Client) -> None:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    await _until_known(
        lambda: client.operator_service.list_search_attributes(request), RPCStatusCode.NOT_FOUND
    )


async def _until_known(asking: Callable[[], Awaitable[object]], unknown: RPCStatusCode) -> None:
    """The server's parts learn of something new some seconds later, and answer ``unknown`` until then."""
    async with asyncio.timeout(REGISTRATION_LIMIT):
        while True:
            try:
                await asking()
            except RPCError as error:
                if error.status is not unknown:
                    raise
                await asyncio.sleep(0.1)
            else:
                return


async def register_search_attributes(client: Client, wanted: Mapping[str, str]) -> list[str]:
    """Add the attributes of `wanted` (name to type: Keyword, Datetime, …) that are missing; the names added. They can
    be written and asked for on return: a workflow task that writes one too early would fail.

    Raises `StackError` when one exists with another type: Temporal cannot change it.
    """
    service = client.operator_service
    found = await service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    types = {name: VALUE_TYPES[kind] for name, kind in wanted.items()}
    _refuse_other_types(types, found.custom_attributes, client.namespace)
    missing = {name: kind for name, kind in types.items() if name not in found.custom_attributes}
    if missing:
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        await service.add_search_attributes(request)
        query = " AND ".join(f"{name} IS NULL" for name in missing)
        await _until_known(lambda: client.count_workflows(query), RPCStatusCode.INVALID_ARGUMENT)
    return sorted(missing)


def _refuse_other_types(
    wanted: Mapping[str, IndexedValueType.ValueType],
    present: Mapping[str, IndexedValueType.ValueType],
    namespace: str,
) -> None:
    wrong = sorted(name for name, kind in wanted.items() if present.get(name, kind) != kind)
    if wrong:
        raise StackError(
            f"search attributes {', '.join(wrong)} of namespace {namespace} have another type;"
            " remove them there, or set TEMPORAL_NAMESPACE to a namespace of our own"
        )
