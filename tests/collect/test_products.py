"""Products by number."""

from __future__ import annotations

import pytest

from t3actors.collect import products


@pytest.mark.parametrize(
    ("product", "mini_type", "name"),
    [
        (74, None, "MINIPANEL_ARM"),
        (43, None, "T3-22I"),
        (88, 5, "T3 series_ESP32"),
        (88, 15, "AirLab"),
        (199, None, "product 199"),
    ],
)
def test_a_product_has_its_name_and_an_airlab_is_known_by_its_board(
    product: int, mini_type: int | None, name: str
) -> None:
    assert products.name_of(product, mini_type) == name


def test_an_error_names_a_product_with_its_number() -> None:
    assert (products.named(46), products.named(199)) == ("T3-PT12 (46)", "product 199")


@pytest.mark.parametrize(
    ("product", "version", "text"), [(74, 643, "64.3"), (62, 20, "2.0"), (43, 17, "17"), (46, 0x0903, "9")]
)
def test_a_version_is_written_as_the_product_counts_it(product: int, version: int, text: str) -> None:
    assert products.version_text(product, version) == text
