"""What a store's error says: never the values of a statement, which may name people."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from monitor.store.engine import Store

pytestmark = pytest.mark.both_databases


def test_an_error_does_not_show_the_values_of_its_statement(store: Store) -> None:
    with pytest.raises(DBAPIError) as caught, store.write() as conn:
        conn.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "somebody"})
    assert "somebody" not in str(caught.value)
    assert "nowhere" in str(caught.value)
