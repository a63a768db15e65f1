"""What the Sock Shop's services share: settings, health, metrics, traces, faults on purpose, a graceful end."""
