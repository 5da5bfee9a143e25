"""What every call of the web chat has in common: refusals, addresses, headers."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from bot.kit.net import network_of
from bot.settings import Settings


class Refusal(Exception):
    """An answer with a status and a code the widget knows."""

    def __init__(self, status: int, error: str, message: str = "", retry_after: int = 0) -> None:
        self.status, self.error, self.message = status, error, message
        self.retry_after = retry_after
        super().__init__(error)

    def response(self) -> JSONResponse:
        """The refusal as HTTP."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        body = {"error": self.error, "message": self.message}
        return JSONResponse(body, status_code=self.status, headers=headers)


def client_address(request: Request, settings: Settings) -> str:
    """Whom a request is counted for, see `network_of`."""
    return network_of(
        request.client.host if request.client else "",
        request.headers.get("x-forwarded-for", ""),
        trust_proxy=settings.trust_proxy,
    )


def bearer(header: str) -> str:
    """The secret in an `Authorization` header."""
    return header.removeprefix("Bearer ").strip()


def cors(response: Response, request: Request) -> Response:
    """Let the page's script read the answer. What it may do is decided by session and origin."""
    origin = request.headers.get("origin")
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Max-Age"] = "600"
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    return response
