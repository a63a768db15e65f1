"""What the Sock Shop's services share: settings, health, metrics, traces, injected faults, graceful shutdown."""
