"""History that stays small: packed by series, aggregated, expired, within a budget."""
