"""The HTTP server: authentication, quota, envelope, compression, faults and the request log."""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any

import orjson
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.api.behaviour import Behaviour
from simulator.api.endpoints import find_endpoint
from simulator.api.query import is_id, read_query
from simulator.api.quota import Allowance, Quota, rejection
from simulator.api.result import Result
from simulator.api.usage import Usage
from simulator.data.clock import DAY, api_time
from simulator.data.lossless_json import dump_lossless
from simulator.data.source import Row, Source
from simulator.errors import NO_RESULT, ApiError
from simulator.faults.body import BODY_FAULTS, ENCODING_FAULTS
from simulator.faults.connection import CONNECTION_FAULTS, WITHOUT_RESPONSE
from simulator.faults.envelope import ENVELOPE_FAULTS
from simulator.faults.faults import Faults
from simulator.faults.kind import Fault
from simulator.faults.responses import RESPONSE_FAULTS, FaultResponse
from simulator.faults.rows import ROW_FAULTS

_MIN_COMPRESSED_BYTES = 1_024
_MAX_LOGGED_REQUESTS = 200_000


class ApiServer:
    """The API over a source, and the state that the control routes can change."""

    def __init__(
        self,
        source: Source,
        *,
        token: str,
        quota: int,
        window: float,
        latency: float,
        behaviour: Behaviour,
    ) -> None:
        """Serve a source.

        Args:
            token: The API token that is accepted.
            quota: Calls per entity and window.
            window: Seconds of real time.
            latency: Seconds to wait before each response.
            behaviour: The variants of the API's behaviour.
        """
        self.source = source
        self.token = token
        self.quota = Quota(quota, window)
        self.latency = latency
        self.behaviour = behaviour
        self.usage = Usage()
        self.faults = Faults()
        self.log: deque[Row] = deque(maxlen=_MAX_LOGGED_REQUESTS)
        self._calls = 0
        self._in_flight = 0

    def routes(self) -> list[Route]:
        """Return the web routes of the API."""
        middleware = [Middleware(_CountInFlight, server=self)]
        return [Route("/v3/{path:path}", self.handle, methods=["GET"], middleware=middleware)]

    async def handle(self, request: Request) -> Response:
        """Respond to one API request, with the faults that apply to it."""
        self._calls += 1
        started = time.time()
        call, in_flight = self._calls, self._in_flight
        path = request.path_params["path"]
        ids = _ids_in(path)
        faults = self.faults.matching(request.url.path, frozenset(ids), in_flight)
        by_kind = {fault["kind"]: fault for fault in faults}
        pause = self.latency
        pause += sum(float(fault["seconds"]) for fault in faults if fault["kind"] == "delay")
        if pause > 0:
            await asyncio.sleep(pause)
        entity: str | None = None

        def respond() -> Response:
            nonlocal entity
            entity, response = self._respond(request, path, call, faults)
            return response

        for kind, change_connection in CONNECTION_FAULTS.items():
            if kind in by_kind:
                response = change_connection(by_kind[kind], respond)
                break
        else:
            response = respond()
        self.log.append(
            {
                "method": request.method,
                "path": request.url.path,
                "query": _parameters(request),
                "ids": len(ids),
                "status": 0 if isinstance(response, WITHOUT_RESPONSE) else response.status_code,
                "entity": entity,
                "time": started,
                "seconds": round(time.time() - started, 6),
                "in_flight": in_flight,
                "token_in": "header"
                if "authorization" in request.headers
                else "query"
                if "api_token" in request.query_params
                else None,
                "faults": [fault["kind"] for fault in faults],
            }
        )
        return response

    def _respond(
        self, request: Request, path: str, call: int, faults: list[Fault]
    ) -> tuple[str | None, Response]:
        entity: str | None = None
        try:
            endpoint, arguments = find_endpoint(path)
            entity = endpoint.entity
            for fault in faults:
                replace = RESPONSE_FAULTS.get(fault["kind"])
                if replace is not None:
                    quota_headers = self.quota.peek(entity).headers()
                    return entity, _as_response(replace(fault, quota_headers, request.headers))
            self._authenticate(request)
            allowance = self.quota.peek(entity)
            if allowance.remaining <= 0:
                return entity, self._reject(request, allowance, call)
            query = read_query(
                path,
                arguments,
                f"{request.url.scheme}://{request.url.netloc}{request.url.path}",
                _parameters(request),
                entity=endpoint.rows or entity,
                behaviour=self.behaviour,
                call=call,
                is_multi=endpoint.is_multi,
                is_complete=endpoint.is_complete,
                is_paged=endpoint.is_paged,
                usage=self.usage,
            )
            query.may_send_saved_text = not any(fault["kind"] in ROW_FAULTS for fault in faults)
            result = endpoint.result(self.source, query)
            allowance = self.quota.spend(entity)
            self.usage.count(endpoint.path, entity, allowance.remaining)
            return entity, self._envelope(request, result, allowance, query.zone, faults)
        except ApiError as error:
            return entity, self._json(request, error.status, error.body, {})

    def _authenticate(self, request: Request) -> None:
        given = (request.headers.get("authorization"), request.query_params.get("api_token"))
        if self.token in given:
            return
        status = self.behaviour.unauthenticated
        is_wrong = status == 401 and any(given)
        message = "Invalid token provided" if is_wrong else "Unauthenticated."
        raise ApiError(status, message, link=None)

    def _reject(self, request: Request, allowance: Allowance, call: int) -> Response:
        headers = {**allowance.headers(), "Retry-After": str(allowance.resets_in_seconds)}
        return self._json(request, 429, rejection(allowance, call), headers)

    def _envelope(
        self,
        request: Request,
        result: Result,
        allowance: Allowance,
        zone: Any,
        faults: list[Fault],
    ) -> Response:
        nothing_found = self.behaviour.nothing_found
        status = 200
        envelope: Row = {}
        rows = result.rows or []
        if result.one is not None:
            rows = [result.one]
        if rows or result.empty_is_found:
            for fault in faults:
                change = ROW_FAULTS.get(fault["kind"])
                if change is not None:
                    rows = change(fault, rows)
        if rows or result.empty_is_found:
            envelope["data"] = rows if result.rows is not None else rows[0]
            if result.pagination is not None:
                envelope["pagination"] = result.pagination
        elif nothing_found == "empty":
            envelope |= {"data": [], "message": NO_RESULT}
        else:
            status = 404 if nothing_found == "404" else 200
            envelope["message"] = NO_RESULT
        envelope |= {
            "subscription": [self._subscription()],
            "rate_limit": allowance.body(),
            "timezone": str(zone) if zone is not None else "UTC",
        }
        headers = allowance.headers()
        for fault in faults:
            alter = ENVELOPE_FAULTS.get(fault["kind"])
            if alter is not None:
                envelope = alter(fault, envelope, headers)
        return self._json(request, status, envelope, headers, faults)

    def _subscription(self) -> Row:
        now = self.source.now
        meta: Any = {
            "current_timestamp": now,
            "next_billing_cycle": f"{api_time((now // (30 * DAY) + 1) * 30 * DAY)} UTC",
        }
        return {
            "meta": meta if self.behaviour.meta == "object" else [],
            "plans": [{"plan": "Enterprise", "sport": "Football", "category": "Advanced"}],
            "add_ons": [],
            "widgets": [],
            "bundles": [],
        }

    def _json(
        self,
        request: Request,
        status: int,
        content: Any,
        headers: dict[str, str],
        faults: Sequence[Fault] = (),
    ) -> Response:
        body = dump_lossless(content)
        encode: Callable[[bytes], bytes] | None = None
        for fault in faults:
            change = BODY_FAULTS.get(fault["kind"])
            if change is not None:
                body = change(fault, body)
            encode = ENCODING_FAULTS.get(fault["kind"], encode)
        headers = {
            **headers,
            "Date": formatdate(
                self.source.now if self.source.is_clock_moved else time.time(), usegmt=True
            ),
            "Cache-Control": "no-cache, private",
            "Vary": "Authorization,Accept-Encoding",
        }
        if encode is not None:
            body = encode(body)
            headers["Content-Encoding"] = "gzip"
        elif len(body) > _MIN_COMPRESSED_BYTES and _accepts_gzip(request):
            # The lowest level: speed matters here, not size.
            compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = compressor.compress(body) + compressor.flush()
            headers["Content-Encoding"] = "gzip"
        return Response(body, status, headers, media_type="application/json")


class _CountInFlight:
    """Counts a request as in progress until its response is sent, however long that takes."""

    def __init__(self, app: ASGIApp, server: ApiServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._server._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._server._in_flight -= 1


def _ids_in(path: str) -> set[int]:
    """Return the fixture ids in a path."""
    parts = path.split("/")
    if parts[:2] != ["football", "fixtures"]:
        return set()
    texts = parts[3] if len(parts) > 3 and parts[2] == "multi" else parts[2] if parts[2:] else ""
    return {int(text) for text in texts.split(",") if is_id(text)}


def internal_error(request: Request, error: Exception) -> Response:
    """Print a bug of the simulator, so that it is not mistaken for a fault of the API."""
    print(f"simulator: {request.url.path} failed", file=sys.stderr)
    traceback.print_exception(error)
    return Response('{"message":"Server Error"}', 500, media_type="application/json")


def _accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _as_response(fault: FaultResponse) -> Response:
    body = fault.body if isinstance(fault.body, str) else orjson.dumps(fault.body)
    return Response(body, fault.status, fault.headers, media_type=fault.content_type)


def _parameters(request: Request) -> dict[str, str]:
    """Return the query string without the token."""
    return {name: text for name, text in request.query_params.items() if name != "api_token"}
