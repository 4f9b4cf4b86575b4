"""Reads a configuration: TOML and CSV in, a checked `t3actors.config.Config` out, or every fault of it at once."""
