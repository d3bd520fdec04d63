"""The HTTP side: authentication, quota, envelope, compression, faults and the log of requests."""

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
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.api.behaviour import Settings
from simulator.api.endpoints import Endpoints, Result, find_route, is_whole
from simulator.api.quota import Allowance, Quota, refusal
from simulator.control.routes import control_routes
from simulator.data.clock import DAY, api_time
from simulator.data.lossless_json import dump_exactly
from simulator.data.source import Source
from simulator.errors import NO_RESULT, ApiError
from simulator.faults import faults as fault_tables
from simulator.faults.connection import Drip, DripHeaders, Flood, Hang, Reset, Truncated
from simulator.faults.faults import Answer, Fault, Faults

Row = dict[str, Any]
_COMPRESSED_FROM = 1_024
_MOST_LOGGED = 200_000


class Api:
    """The application and everything that its control door can change."""

    def __init__(
        self,
        source: Source,
        *,
        token: str,
        control_token: str,
        quota: int,
        window: float,
        latency: float,
        settings: Settings,
    ) -> None:
        """Put the API over a source; `window` and `latency` are in seconds."""
        self.source = source
        self.token = token
        self.control_token = control_token
        self.quota = Quota(quota, window)
        self.latency = latency
        self.endpoints = Endpoints(source, settings)
        self.faults = Faults()
        self.log: deque[Row] = deque(maxlen=_MOST_LOGGED)
        self.calls = 0
        self.in_flight = 0
        self.app = Starlette(
            routes=[
                WebRoute(
                    "/v3/{path:path}",
                    self.handle,
                    methods=["GET"],
                    middleware=[Middleware(_Counted, api=self)],
                ),
                *control_routes(self),
            ],
            exception_handlers={Exception: _broken},
        )

    async def handle(self, request: Request) -> Response:
        """Answer one API request, with whatever faults hit it."""
        self.calls += 1
        began = time.time()
        call, in_flight = self.calls, self.in_flight
        path = request.path_params["path"]
        ids = _ids_in(path)
        struck = self.faults.strike(request.url.path, frozenset(ids), in_flight)
        by_kind = {fault["kind"]: fault for fault in struck}
        pause = self.latency
        pause += sum(float(fault["seconds"]) for fault in struck if fault["kind"] == "delay")
        if pause > 0:
            await asyncio.sleep(pause)
        entity: str | None = None
        response: Response
        if "reset" in by_kind:
            response = Reset()
        elif "hang" in by_kind:
            response = Hang(float(by_kind["hang"].get("seconds", 3600)))
        elif "drip_headers" in by_kind:
            response = DripHeaders(float(by_kind["drip_headers"].get("seconds", 0.2)))
        elif "flood" in by_kind:
            flood = by_kind["flood"]
            response = Flood(int(flood.get("megabytes", 1000)), bool(flood.get("packed", False)))
        else:
            entity, response = self._respond(request, path, call, struck)
            if "truncate" in by_kind:
                response = Truncated(response.body, response.status_code, dict(response.headers))
            elif "drip" in by_kind:
                response = Drip(response, float(by_kind["drip"].get("seconds", 0.2)))
        query = {name: text for name, text in request.query_params.items() if name != "api_token"}
        self.log.append(
            {
                "method": request.method,
                "path": request.url.path,
                "query": query,
                "ids": len(ids),
                "status": 0
                if isinstance(response, Reset | Hang | DripHeaders)
                else response.status_code,
                "entity": entity,
                "time": began,
                "seconds": round(time.time() - began, 6),
                "in_flight": in_flight,
                "token_in": "header"
                if "authorization" in request.headers
                else "query"
                if "api_token" in request.query_params
                else None,
                "faults": [fault["kind"] for fault in struck],
            }
        )
        return response

    def _respond(
        self, request: Request, path: str, call: int, struck: list[Fault]
    ) -> tuple[str | None, Response]:
        entity: str | None = None
        try:
            route, match = find_route(path)
            entity = route.entity
            for fault in struck:
                instead = fault_tables.ANSWERS.get(fault["kind"])
                if instead is not None:
                    left = self.quota.look(entity).headers()
                    return entity, _as_response(instead(fault, left, request.headers))
            self._authenticate(request)
            allowance = self.quota.look(entity)
            if allowance.remaining <= 0:
                return entity, self._refuse(request, allowance, call)
            parameters = {
                name: text for name, text in request.query_params.items() if name != "api_token"
            }
            url = f"{request.url.scheme}://{request.url.netloc}{request.url.path}"
            query = self.endpoints.read(route, path, url, parameters, call)
            query.verbatim = not any(fault["kind"] in fault_tables.ROWS for fault in struck)
            result = route.answer(self.endpoints, query, match)
            allowance = self.quota.spend(entity)
            return entity, self._envelope(request, result, allowance, query.zone, struck)
        except ApiError as error:
            return entity, self._json(request, error.status, error.body, {})

    def _authenticate(self, request: Request) -> None:
        given = (request.headers.get("authorization"), request.query_params.get("api_token"))
        if self.token not in given:
            raise ApiError(self.endpoints.settings.unauthenticated, "Unauthenticated.", link=None)

    def _refuse(self, request: Request, allowance: Allowance, call: int) -> Response:
        headers = {**allowance.headers(), "Retry-After": str(allowance.resets_in_seconds)}
        return self._json(request, 429, refusal(allowance, call), headers)

    def _envelope(
        self,
        request: Request,
        result: Result,
        allowance: Allowance,
        zone: Any,
        struck: list[Fault],
    ) -> Response:
        settings = self.endpoints.settings
        status = 200
        envelope: Row = {}
        rows = result.rows or []
        if result.one is not None:
            rows = [result.one]
        if rows or result.empty_is_found:
            for fault in struck:
                change = fault_tables.ROWS.get(fault["kind"])
                if change is not None:
                    rows = change(fault, rows)
        if rows or result.empty_is_found:
            envelope["data"] = rows if result.rows is not None else rows[0]
            if result.pagination is not None:
                envelope["pagination"] = result.pagination
        elif settings.nothing_found == "empty":
            envelope |= {"data": [], "message": NO_RESULT}
        else:
            status = 404 if settings.nothing_found == "404" else 200
            envelope["message"] = NO_RESULT
        envelope |= {
            "subscription": [self._subscription()],
            "rate_limit": allowance.body(),
            "timezone": str(zone) if zone is not None else "UTC",
        }
        headers = allowance.headers()
        for fault in struck:
            alter = fault_tables.ENVELOPES.get(fault["kind"])
            if alter is not None:
                envelope = alter(fault, envelope, headers)
        return self._json(request, status, envelope, headers, struck)

    def _subscription(self) -> Row:
        now = self.source.now
        meta: Any = {
            "current_timestamp": now,
            "next_billing_cycle": f"{api_time((now // (30 * DAY) + 1) * 30 * DAY)} UTC",
        }
        return {
            "meta": meta if self.endpoints.settings.meta == "object" else [],
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
        struck: Sequence[Fault] = (),
    ) -> Response:
        body = dump_exactly(content)
        encode: Callable[[bytes], bytes] | None = None
        for fault in struck:
            change = fault_tables.BODIES.get(fault["kind"])
            if change is not None:
                body = change(fault, body)
            encode = fault_tables.ENCODINGS.get(fault["kind"], encode)
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
        elif len(body) > _COMPRESSED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
            # The lowest level: this has to be quick, not small.
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = packer.compress(body) + packer.flush()
            headers["Content-Encoding"] = "gzip"
        return Response(body, status, headers, media_type="application/json")


class _Counted:
    """Counts a request as under way until its answer is sent, however long that takes."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._api.in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._api.in_flight -= 1


def _ids_in(path: str) -> set[int]:
    """Return the fixture ids that a path asks for."""
    parts = path.split("/")
    if parts[:2] != ["football", "fixtures"]:
        return set()
    texts = parts[3] if len(parts) > 3 and parts[2] == "multi" else parts[2] if parts[2:] else ""
    return {int(text) for text in texts.split(",") if is_whole(text)}


def _broken(request: Request, error: Exception) -> Response:
    """Show a mistake of the simulator itself, which must not pass for one of the API."""
    print(f"simulator: {request.url.path} failed", file=sys.stderr)
    traceback.print_exception(error)
    return Response('{"message":"Server Error"}', 500, media_type="application/json")


def _as_response(answer: Answer) -> Response:
    body = answer.body if isinstance(answer.body, str) else orjson.dumps(answer.body)
    return Response(body, answer.status, answer.headers, media_type=answer.content_type)
