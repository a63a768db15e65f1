"""Puts the storefront together."""

from __future__ import annotations

from sockshop.service import Service

from storefront.admin import Admin
from storefront.backends import Backend
from storefront.cart import CartApi
from storefront.catalogue import CatalogueApi
from storefront.customers import CustomerApi, Customers
from storefront.guard import cookies, errors, headers
from storefront.logins import LoginApi
from storefront.orders import OrderApi
from storefront.pages import Pages
from storefront.sessions import Sessions
from storefront.settings import Settings


def build(service: Service, settings: Settings) -> None:
    """Add the pages, the API and the administration port to a service."""
    backend = {name: Backend(name, url, lambda: service.client) for name, url in settings.urls.items()}
    sessions, pages = Sessions(settings.session_key), Pages(settings.root)
    customers = Customers(backend["user"], sessions)
    parts = (
        pages,
        CatalogueApi(backend["catalogue"]),
        CartApi(backend["carts"], backend["catalogue"], sessions),
        LoginApi(backend["user"], backend["carts"], sessions),
        CustomerApi(customers, sessions),
        OrderApi(backend["orders"], backend["carts"], customers),
    )
    for part in parts:
        service.app.router.add_routes(part.routes())
    service.app.middlewares.extend([headers, cookies(sessions), errors(pages)])
    service.app.cleanup_ctx.append(Admin(settings.admin_port).serve)
