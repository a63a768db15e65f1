"""Payment: authorises an amount up to a limit. Nothing is stored."""

from __future__ import annotations

from aiohttp import web
from sockshop.errors import go_error, json_object
from sockshop.service import Service
from sockshop.settings import number


def decision(amount: float, limit: float) -> dict[str, object]:
    """Return the answer to a request for ``amount``."""
    if amount <= limit:
        return {"authorised": True, "message": "Payment authorised"}
    return {"authorised": False, "message": f"Payment declined: amount exceeds {limit:.2f}"}


def main() -> None:
    """Serve."""
    service = Service("payment")
    limit = number("PAYMENT_LIMIT", 105, 0, 1e9)

    async def authorise(request: web.Request) -> web.Response:
        try:
            amount = (await json_object(request)).get("amount")
        except ValueError as error:
            return go_error(500, str(error))
        if not isinstance(amount, (int, float)) or isinstance(amount, bool) or not amount > 0:
            return go_error(500, "Invalid payment amount")
        return web.json_response(decision(amount, limit))

    service.app.router.add_post("/paymentAuth", authorise)
    service.run()


if __name__ == "__main__":
    main()
