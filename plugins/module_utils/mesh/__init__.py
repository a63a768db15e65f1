"""The mesh as data: addresses, Envoy configuration and the files that the proxies watch."""
