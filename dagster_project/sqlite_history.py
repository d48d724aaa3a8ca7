"""Dagster's own SQLite history, which keeps its databases open for the length of a process.

Dagster opens and closes one database or two for each of the hundreds of events of a run: as many engines made, and as
many journals flushed into their database. That was a tenth of a small refresh.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event


class SqliteHistory(DagsterSqliteStorage):
    """The same storage in the same files, with the event log below."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage: SqliteEventLogStorage = OpenEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> "SqliteHistory":
        return cls.from_local(inst_data=inst_data, **config_value)


class OpenEventLog(SqliteEventLogStorage):
    """An event log that holds two databases open: the index, and that of the run it last heard of."""

    def __init__(self, base_dir: str) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def delete_events(self, run_id: str) -> None:
        super().delete_events(run_id)
        self._close(run_id)

    def dispose(self) -> None:
        for shard in list(self._engines):
            self._close(shard)
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            for other in self._engines.keys() - {INDEX_SHARD_NAME}:
                if shard != INDEX_SHARD_NAME:
                    self._close(other)
            engine = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(engine, "connect", _spare_the_disk)
            self._initdb(engine)
            self._engines[shard] = engine
        return self._engines[shard]

    def _close(self, shard: str) -> None:
        self._engines.pop(shard).dispose()


def _spare_the_disk(connection: Any, record: object) -> None:
    """A power cut may lose the last events, never the database: that is what a journal is for."""
    connection.execute("pragma synchronous = normal")
