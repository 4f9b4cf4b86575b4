"""The interface that a search asks on, with errors in the words of the command line."""

from __future__ import annotations

from t3actors.collect.bacnet.link.interfaces import Endpoint, choose, list_addresses
from t3actors.errors import ConfigError, LinkDown


def chosen(wanted: str, port: int, *, by_option: bool) -> Endpoint:
    """Choose where to ask from. `by_option` False: the configuration named it, and its own words are kept.

    **Raises**: ConfigError with the list when several would do; LinkDown when what is named is not there.
    """
    try:
        return choose(wanted, port, list_addresses())
    except ConfigError as refused:
        if not by_option:
            raise
        raise ConfigError([fault.replace("bacnet.interface", "--interface") for fault in refused.faults]) from None
    except LinkDown as gone:
        raise LinkDown(str(gone).replace("bacnet.interface", "interface")) from None
