"""The sweeps that discovery makes, as the configuration has them; and how long the first round of them takes. Pure."""

from __future__ import annotations

from t3actors.collect.bacnet.discover.sweeps import Sweeps
from t3actors.config import BacnetConfig
from t3actors.stations import DEFAULT_PORT

SETTLE_S = 5.0  # how long an answer may take: trunks behind routers are slow
FIRST_ROUND = 3  # sweeps
STEP_S = 0.001


def sweeps_of(config: BacnetConfig, began_s: float, port: int) -> Sweeps:
    """Make them. After a restart the last question may just have gone out: the first one waits its turn."""
    return Sweeps(
        ["*:*", *(f"{network.number}:*" for network in config.networks if network.router is not None)],
        config.who_is_range,
        rate_per_s=config.who_is_rate,
        first_at_s=began_s + 1.0 / config.who_is_rate,
        settle_s=SETTLE_S,
        rounds=FIRST_ROUND,
        port=port,
    )


def first_round_s(config: BacnetConfig) -> float:
    """Return how long the first round takes where nobody answers; each answer that is new adds a question or so."""
    sweeps, now_s = sweeps_of(config, 0.0, DEFAULT_PORT), 0.0
    while True:
        question = sweeps.next(now_s)
        if sweeps.sweeps_done >= FIRST_ROUND:
            return now_s
        if question is None:
            now_s = max(now_s + STEP_S, sweeps.wake_at_s)
        else:
            sweeps.sent(now_s)
