"""Sixty statements of someone who holds a reader's connection and wishes us ill.

`{release}` is the served file, `{folder}` a folder they may write to, `{secret}` a file they must not read, `{port}` a
port of this machine where someone listens.
"""

from dataclasses import dataclass

READ_A_FILE = (
    "from '{secret}'",
    "from read_csv('{secret}')",
    "from read_text('{secret}')",
    "from read_blob('{secret}')",
    "from read_json_objects('{secret}')",
    "from sniff_csv('{secret}')",
    "from query_table('{secret}')",
    "from query('from read_text(''{secret}'')')",
    "from json_execute_serialized_sql(json_serialize_sql('from read_text(''{secret}'')'))",
    "create temp table stolen as from read_csv('{secret}'); from stolen",
    "create temp view stolen as from read_csv('{secret}'); from stolen",
    "create temp macro stolen() as table from read_text('{secret}'); from stolen()",
    "prepare stolen as from read_text('{secret}'); execute stolen",
    "create temp table stolen (line varchar); copy stolen from '{secret}'; from stolen",
    "from glob('{folder}/*')",
    "select getenv('BILAN_TEST_SECRET')",
    "from read_blob('{release}')",
    "from parquet_metadata('{folder}/secret.parquet')",
    "from read_text('/proc/self/environ')",
)
WRITE_A_FILE = (
    "copy (select 1) to '{folder}/out.csv'",
    "copy (select 1) to '{folder}/out.parquet' (format parquet)",
    "copy (select 1 as a) to '{folder}/out' (format parquet, partition_by (a), write_partition_columns true)",
    "prepare leak as copy (select 1) to '{folder}/out.csv'; execute leak",
    "export database '{folder}/export'",
    "attach '{folder}/new.duckdb' as new; create table new.t as select 1",
    "attach '{folder}/new.duckdb' as new (read_write)",
    "create persistent secret s (type http, bearer_token 'x')",
    "call enable_logging('QueryLog', storage = 'file', storage_path = '{folder}/log')",
    "call enable_profiling(format = 'json', save_location = '{folder}/profile.json')",
    "pragma enable_profiling = 'json'; pragma profiling_output = '{folder}/profile.json'; select 1",
    "set log_query_path = '{folder}/queries.log'",
    "set temp_directory = '{folder}/spill'",
)
CHANGE_THE_RELEASE = (
    "copy (select 1) to '{release}' (use_tmp_file false)",
    "copy (select 1) to '{release}.wal' (use_tmp_file false)",
    "copy (select 1) to '{release}.wal.checkpoint'",
    "copy (select 1) to '{release}.wal.recovery'",
    "attach '{release}' as again (read_write); drop table again.marts.budget_line",
    "detach bilan; attach '{release}' as bilan (read_write); drop table bilan.marts.budget_line",
    "drop table marts.budget_line",
    "delete from marts.budget_line",
    "update marts.budget_line set amount_eur = 0",
    "create or replace view marts.budget_line as select 1",
    "comment on table marts.budget_line is 'x'",
)
REACH_OUT = (
    "install httpfs",
    "force install httpfs from 'http://127.0.0.1:{port}'",
    "load '{folder}/evil.duckdb_extension'",
    "from 'http://127.0.0.1:{port}/x.csv'",
    "attach 'http://127.0.0.1:{port}/x.duckdb' as far",
    "attach 'host=127.0.0.1 port={port}' as far (type postgres)",
)
UNLOCK = (
    "set lock_configuration = false; set memory_limit = '64GB'",
    "set allowed_configs = ['memory_limit']; set memory_limit = '64GB'",
    "reset disabled_filesystems; from read_text('{secret}')",
    "set enable_external_access = true; from read_text('{secret}')",
)
EXHAUST = (
    "select count(*) from range(1000000000000) a, range(1000000000000) b",
    "select repeat('x', 4000000000)",
    "select list(a) from range(100000000000) t(a)",
    "with recursive r as (select 1 as x union all select x + 1 from r) select count(*) from r",
    "create temp table big as select a, repeat('x', 1000) from range(1000000000) t(a)",
    "select string_agg(repeat('x', 1000000), '') from range(1000000)",
    "select array_to_string(list_transform(range(100000000), lambda x: repeat('x', 100)), '')",
)


@dataclass(frozen=True)
class Hostile:
    """A statement, and what it attempts."""

    attempt: str
    sql: str


ACTIONS = tuple(
    Hostile(attempt, sql)
    for attempt, statements in {
        "read a file": READ_A_FILE,
        "write a file": WRITE_A_FILE,
        "change the release": CHANGE_THE_RELEASE,
        "reach out": REACH_OUT,
        "unlock": UNLOCK,
    }.items()
    for sql in statements
)
EXHAUSTIONS = tuple(Hostile("exhaust the machine", sql) for sql in EXHAUST)
