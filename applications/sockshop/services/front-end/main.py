"""The Sock Shop's front-end: the storefront's pages and the API that they call."""

from __future__ import annotations

from pathlib import Path

from sockshop.service import Service
from storefront import settings
from storefront.application import build


def main() -> None:
    service = Service("front-end")
    build(service, settings.read(Path(__file__).parent))
    service.run()


if __name__ == "__main__":
    main()
