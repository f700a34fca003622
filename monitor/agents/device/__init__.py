"""What programs beside the daemon share that are devices of their own (ADR 31, 35): queue, uplink, their TOML file."""
