"""By which configuration a hosted gateway runs, and where it logs: the host's environment says it.

T3ACTORS_CONFIG     a configuration file; all that stands in docs and config/sample.toml
T3ACTORS_DATA_DIR   without one: where the database and the log are kept
neither             "t3actors-data" in the working directory that the host has at the start
"""

from __future__ import annotations

from pathlib import Path

from t3actors.config import Config, GatewayConfig, StoreConfig
from t3actors.configure.file import load
from t3actors.errors import ConfigError

DATA_DIR = "t3actors-data"
LOG_NAME = "t3actors.log"


def settings(config_file: str, data_dir: str, working_dir: Path) -> Config:
    """Read the configuration that the host names; empty texts are not set. **Raises**: ConfigError."""
    if config_file and data_dir:
        raise ConfigError(
            ["T3ACTORS_DATA_DIR: set beside T3ACTORS_CONFIG; allowed: one of the two (data_dir stands in the file)"]
        )
    if config_file:
        return load(working_dir / config_file)
    folder = (working_dir / (data_dir or DATA_DIR)).absolute()
    return Config(gateway=GatewayConfig(data_dir=folder), store=StoreConfig(database=folder / StoreConfig().database))
