"""The packet rules of an instance's network namespace, for ``nft -f``.

What the application sends to a dependency's loopback address is redirected to the proxy, and so are connections from outside
to the component's ports; nothing else is let in, and the application cannot reach other instances directly.
"""

from __future__ import annotations

from ...model.application import INBOUND_PORT, OUTBOUND_PORT, Component
from .topology import LOOPBACK, DockerTopology

_RULES = """\
table inet evenkeel {{
  chain to_dependencies {{
    type nat hook output priority -100;
    meta skuid {uid} return
    ip daddr {loopback} meta l4proto tcp redirect to :{outbound}
  }}
  chain past_the_proxy {{
    type filter hook output priority 0;
    ct state established,related accept
    meta skuid != {uid} ip daddr {subnet} reject
  }}
  chain to_ports {{
    type nat hook prerouting priority -100;
    {redirect}
  }}
  chain input {{
    type filter hook input priority 0; policy drop;
    iif lo accept
    ct state established,related accept
    tcp dport {inbound} ct status dnat accept
    meta l4proto icmp accept
  }}
}}
"""


def rules(component: Component, topology: DockerTopology, proxy_uid: int) -> str:
    """Return the rules of an instance of ``component`` whose proxy runs as ``proxy_uid``."""
    ports = ", ".join(str(port.number) for port in component.ports)
    return _RULES.format(
        uid=proxy_uid,
        loopback=LOOPBACK,
        outbound=OUTBOUND_PORT,
        inbound=INBOUND_PORT,
        subnet=topology.subnet,
        redirect=f"iif != lo tcp dport {{ {ports} }} redirect to :{INBOUND_PORT}" if ports else "",
    )
