"""The mirror holds what the release holds: names, types, comments, keys, values. It refuses in French."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

from dagster_project.errors import BilanError, LockHeldError, RefusedDataError, WrongUseError
from dagster_project.mirror import mirror
from dagster_project.mirror import server as mirror_server
from dagster_project.mirror.server import connected
from dagster_project.release.serve import served_folder
from dagster_project.settings import Settings
from tests.drills.faults import can_mount
from tests.mirror.releases import release_of
from tests.postgres import PASSWORD, PRIVATE, Server, rows

TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "INTEGER": "integer",
    "TIMESTAMP": "timestamp without time zone",
    "VARCHAR": "text",
}
LETTER = "create schema marts; create table marts.letter (id integer primary key, says varchar not null);"


def copied(settings: Settings, url: str) -> str:
    return "\n".join(mirror(settings, url, None, lambda text: None))


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "raw", tmp_path / "warehouse")


@pytest.fixture(scope="module")
def mirrored(server: Server, published: Settings) -> str:
    url = server.new_database()
    copied(published, url)
    return url


def in_release(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.served), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_tables_columns_types_and_comments_are_the_release_s(published: Settings, mirrored: str) -> None:
    said = in_release(
        published,
        "select table_name, column_name, data_type, not is_nullable, comment from duckdb_columns() "
        "where not internal order by table_name, column_index",
    )
    expected = [(table, name, TYPES.get(str(kind)) or _numeric(str(kind)), *rest) for table, name, kind, *rest in said]
    assert len(expected) > 500
    assert (
        rows(
            mirrored,
            "select relname::text, attname::text, format_type(atttypid, atttypmod), attnotnull, "
            "col_description(attrelid, attnum) from pg_attribute join pg_class on pg_class.oid = attrelid "
            "where relnamespace = 'marts'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped "
            'order by relname collate "C", attnum',
        )
        == expected
    )
    assert rows(
        mirrored,
        "select relname::text, obj_description(oid, 'pg_class') from pg_class "
        "where relnamespace = 'marts'::regnamespace and relkind = 'r' order by relname collate \"C\"",
    ) == in_release(published, "select table_name, comment from duckdb_tables() order by 1")


def _numeric(data_type: str) -> str:
    assert data_type.startswith("DECIMAL("), data_type
    return data_type.replace("DECIMAL", "numeric")


def test_primary_keys_are_the_release_s(published: Settings, mirrored: str) -> None:
    keys = in_release(
        published,
        "select table_name, constraint_column_names from duckdb_constraints() "
        "where constraint_type = 'PRIMARY KEY' order by 1",
    )
    assert len(keys) == len(in_release(published, "select * from duckdb_tables()"))
    assert [(str(table), f"PRIMARY KEY ({', '.join(columns)})") for table, columns in keys] == [  # type: ignore[arg-type]
        (table, text.replace('"', ""))
        for table, text in rows(
            mirrored,
            "select relname::text, pg_get_constraintdef(pg_constraint.oid) from pg_constraint "
            "join pg_class on conrelid = pg_class.oid where contype = 'p' and relnamespace = 'marts'::regnamespace "
            'order by relname collate "C"',
        )
    ]


def test_every_value_is_the_release_s(published: Settings, mirrored: str) -> None:
    tables = [str(table) for (table,) in in_release(published, "select table_name from duckdb_tables()")]
    assert len(tables) > 30
    for table in tables:
        every = f"select * from marts.{table}"
        assert sorted(map(repr, rows(mirrored, every))) == sorted(map(repr, in_release(published, every))), table


def test_what_no_mart_holds_yet_is_copied_too(server: Server, small: Settings) -> None:
    text = "Ligne 1\nligne 2 \"entre guillemets\", l''apostrophe ; \\ \\N \\. \t NULL é 🙂"
    release_of(
        small,
        f"""create schema marts; create schema catalogue;
        create table marts.parent ("Code à 2" varchar primary key, rank integer unique);
        create table marts.child (id bigint primary key, "Code à 2" varchar references marts.parent ("Code à 2"),
            words varchar[], numbers decimal(18, 2)[], amount decimal(38, 10), huge hugeint, ratio double, day date,
            since timestamp, yes boolean);
        create table catalogue.note (text varchar);
        comment on column marts.child.words is 'L''ensemble des « mots »';
        insert into marts.parent values ('{text}', 1), ('', null), ('\\.', 2);
        insert into marts.child values
            (1, '', ['a', null, '', 'NULL', 'avec "guillemets", \\ et {{}}', '{text}'], [1.50, null, -0.01],
             1234567890123456789012345678.0123456789, 170141183460469231731687303715884105727, 0.1, '0044-03-15',
             '2021-12-31 23:59:59.123456', true),
            (-9223372036854775808, '{text}', [], [], 0, null, 'nan', '9999-12-31', null, false),
            (9223372036854775807, null, null, null, null, null, '-inf', null, null, null);
        insert into catalogue.note values ('deux fois'), ('deux fois'), (null), ('')""",
    )
    url = server.new_database()
    copied(small, url)
    text = text.replace("''", "'")
    assert rows(url, "select * from marts.child where id = 1") == [
        tuple(in_release(small, "select * from marts.child where id = 1")[0])
    ]
    (words, numbers) = rows(url, "select words, numbers from marts.child where id = 1")[0]
    assert words == ["a", None, "", "NULL", 'avec "guillemets", \\ et {}', text]
    assert numbers == [Decimal("1.50"), None, Decimal("-0.01")]
    assert rows(url, "select rank from marts.parent where \"Code à 2\" = ''") == [(None,)]
    assert len(rows(url, "select * from catalogue.note")) == 4
    definitions = (
        "select pg_get_constraintdef(oid) from pg_constraint "
        "where contype in ('f', 'u') and connamespace = 'marts'::regnamespace order by 1"
    )
    assert rows(url, definitions) == [
        ('FOREIGN KEY ("Code à 2") REFERENCES marts.parent("Code à 2") DEFERRABLE INITIALLY DEFERRED',),
        ("UNIQUE (rank)",),
    ]
    assert "lignes retirées : 0, ajoutées : 0" in copied(small, url)
    assert len(rows(url, definitions)) == 2


def test_a_type_postgresql_cannot_hold_is_refused_by_name(server: Server, small: Settings) -> None:
    release_of(small, "create schema marts; create table marts.t (id integer primary key, pair struct(a integer))")
    with pytest.raises(BilanError, match=r"marts\.t\.pair \(STRUCT"):
        copied(small, server.new_database())


def test_only_rows_that_differ_change_and_views_and_rights_stay(server: Server, small: Settings) -> None:
    release_of(small, f"{LETTER} insert into marts.letter values (1, 'a'), (2, 'b'), (3, 'c')")
    url = server.new_database()
    copied(small, url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create view public.seen as select says from marts.letter")
        owner.execute("grant select on marts.letter to postgres")
        kept = owner.execute("select xmin::text from marts.letter where id = 1").fetchone()
        release_of(small, f"{LETTER} insert into marts.letter values (1, 'a'), (2, 'B'), (4, 'd')")
        assert "lignes retirées : 2, ajoutées : 2" in copied(small, url)
        assert owner.execute("select says from public.seen order by says collate \"C\"").fetchall() == [
            ("B",), ("a",), ("d",)
        ]  # fmt: skip
        assert owner.execute("select xmin::text from marts.letter where id = 1").fetchone() == kept


def test_a_table_whose_structure_changes_is_replaced_and_one_no_longer_published_goes(
    server: Server, small: Settings
) -> None:
    keyed = "create table marts.word (id integer references marts.letter (id), primary key (id));"
    first = release_of(small, f"{LETTER} {keyed} create table marts.old (id integer primary key)")
    url = server.new_database()
    copied(small, url)
    added = LETTER.replace("says varchar not null", "says varchar, more decimal(5, 1)")
    release_of(
        small, f"{added} {keyed} insert into marts.letter values (1, 'a', 1.5); insert into marts.word values (1)"
    )
    assert "faites : 2, retirées : 1" in copied(small, url)
    assert rows(url, "select * from marts.letter") == [(1, "a", Decimal("1.5"))]
    assert rows(url, "select to_regclass('marts.old')") == [(None,)]
    assert rows(url, "select count(*) from pg_constraint where contype = 'f'") == [(1,)]
    mirror(small, url, first, lambda text: None)
    assert rows(url, "select count(*) from marts.old") == [(0,)]
    assert rows(url, "select nspname::text from pg_namespace where nspname like 'bilan%'") == [("bilan_mirror",)]


def test_a_view_on_a_table_to_replace_is_named_and_nothing_changes(server: Server, small: Settings) -> None:
    release_of(small, f"{LETTER} insert into marts.letter values (1, 'a')")
    url = server.new_database()
    copied(small, url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create view public.seen as select says from marts.letter")
    release_of(small, LETTER.replace("integer", "bigint"))
    with pytest.raises(BilanError, match=r"view public\.seen depends on table marts\.letter"):
        copied(small, url)
    assert rows(url, "select says from public.seen") == [("a",)]


def test_members_of_the_role_read_and_do_nothing_else(server: Server, small: Settings) -> None:
    release_of(small, LETTER)
    url = server.new_database()
    copied(small, url)
    server.execute("create role lectrice login in role bilan_lecture")
    reader = psycopg.conninfo.make_conninfo(url, user="lectrice")
    assert rows(reader, "select count(*) from marts.letter") == [(0,)]
    for sql in ("insert into marts.letter values (1, 'x')", "drop table marts.letter", "create table marts.mine ()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(reader, sql)


def test_a_table_that_is_not_the_mirror_s_is_left_alone(server: Server, small: Settings) -> None:
    release_of(small, LETTER)
    url = server.new_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create schema marts")
        owner.execute("create table marts.letter (mine text)")
        with pytest.raises(BilanError, match=r"contient déjà marts\.letter"):
            copied(small, url)
        owner.execute("drop table marts.letter")
        owner.execute("create table marts.notes (mine text)")
        copied(small, url)
        copied(small, url)
        assert rows(url, "select count(*) from marts.notes") == [(0,)]


def test_a_copy_that_is_not_faithful_is_never_seen(server: Server, small: Settings) -> None:
    release_of(small, f"{LETTER} insert into marts.letter values (1, 'a')")
    url = server.new_database()
    copied(small, url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "create function f() returns trigger language plpgsql as "
            "'begin new.says = upper(new.says); return new; end'"
        )
        owner.execute("create trigger t before insert on marts.letter for each row execute function f()")
    release_of(small, f"{LETTER} insert into marts.letter values (1, 'b')")
    with pytest.raises(BilanError, match="n'est pas fidèle"):
        copied(small, url)
    assert rows(url, "select says from marts.letter") == [("a",)]


def test_a_damaged_release_is_not_copied(server: Server, small: Settings) -> None:
    release_of(small, LETTER)
    folder = served_folder(small)
    assert folder
    with (folder / "bilan.duckdb").open("ab") as file:
        file.write(b"x")
    with pytest.raises(RefusedDataError, match="n'est plus le fichier publié"):
        copied(small, server.new_database())


def test_one_mirror_at_a_time_in_a_database(server: Server, small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    release_of(small, LETTER)
    url = server.new_database()
    monkeypatch.setattr(mirror_server, "_SESSION", mirror_server._SESSION.replace("'5s'", "'200ms'"))

    with (
        connected(url),
        pytest.raises(LockHeldError, match=f"bilan mirror, processus {os.getpid()} de .*compte bilan"),
    ):
        copied(small, url)
    assert rows(url, "select to_regclass('marts.letter')") == [(None,)]
    copied(small, url)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://bilan:{PASSWORD}@@127.0.0.1:1/base",
        f"postgresql://bilan:a/{PASSWORD}@127.0.0.1:1/base",
        f"postgresql://bilan:a:b#{PASSWORD}@127.0.0.1:1/base",
        f"postgresql://bilan:é?{PASSWORD}%@127.0.0.1:1/base",
        f"host=127.0.0.1 port={PASSWORD}",
        f"postgresql://bilan:{PASSWORD}@127.0.0.1:1/base",
        "warehouse.db",
        "",
    ],
)
def test_an_address_that_does_not_lead_anywhere_is_a_sentence_without_the_password(
    small: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    release_of(small, LETTER)
    with pytest.raises(BilanError) as error:
        copied(small, url)
    assert not any(word in str(error.value) for word in PASSWORD.split("-"))
    assert "\n" not in str(error.value)
    unreachable = ":1/base" in url and "@@" not in url and "/S" not in url and "?" not in url
    assert isinstance(error.value, WrongUseError) is not unreachable
    assert str(error.value).startswith(
        "Connexion à PostgreSQL impossible" if unreachable else ("L'adresse", "Dites où")
    )


def test_the_password_is_read_where_postgresql_tools_read_it(
    server: Server, small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_of(small, LETTER)
    server.new_database()
    url = server.url("postgres", PRIVATE)
    with pytest.raises(BilanError, match="vérifiez l'adresse, la base, le compte et le mot de passe"):
        copied(small, url)
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:{PRIVATE}:{PASSWORD}\n", encoding="utf-8")
    passwords.chmod(0o600)
    server.execute(f"grant create on database postgres to {PRIVATE}")
    for name, value in (("PGPASSFILE", str(passwords)), ("PGPASSWORD", PASSWORD)):
        with monkeypatch.context() as environment:
            environment.setenv(name, value)
            assert PASSWORD not in copied(small, url)


def test_an_account_without_the_right_is_told_which(server: Server, small: Settings) -> None:
    release_of(small, LETTER)
    server.execute("create role sans_droit login")
    url = psycopg.conninfo.make_conninfo(server.new_database(), user="sans_droit")
    with pytest.raises(BilanError, match=r"« sans_droit » doit pouvoir créer des schémas .*GRANT CREATE ON DATABASE"):
        copied(small, url)


def test_a_database_of_another_encoding_is_refused(server: Server, small: Settings) -> None:
    release_of(small, LETTER)
    server.execute("create database latin encoding 'LATIN1' template template0 owner bilan")
    with pytest.raises(BilanError, match="La base est en LATIN1 : il en faut une en UTF8"):
        copied(small, server.url("latin", "bilan"))


def test_a_full_disk_of_the_server_is_a_sentence(server: Server, small: Settings) -> None:
    if not can_mount():
        pytest.skip("only an account that may mount a small disk can fill it")
    release_of(small, f"{LETTER} insert into marts.letter select i, repeat('x', 100) from range(200000) t(i)")
    with server.small_disk() as url, pytest.raises(BilanError, match="Le disque du serveur PostgreSQL est plein"):
        copied(small, url)


def test_without_the_driver_it_is_said_how_to_install_it(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BilanError, match="uv sync --locked --extra postgresql"):
        copied(small, "postgresql://localhost/base")


def test_the_command_line_copies_and_says_so(server: Server, small: Settings) -> None:
    release_id = release_of(small, LETTER)
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "mirror", server.new_database()],
        env={**os.environ, "BILAN_WAREHOUSE": str(small.warehouse), "BILAN_RAW": str(small.raw)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"Version {release_id} copiée dans PostgreSQL")
    assert "copie 1/1 : marts.letter" in done.stderr
