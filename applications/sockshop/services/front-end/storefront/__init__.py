"""The storefront: pages, sessions, and the browser API in front of the shop's services."""
