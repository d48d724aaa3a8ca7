"""Plausibility of a whole Filosofi file, from the table of its rows: what a row says of itself, what columns say."""

from dataclasses import dataclass

from dagster_project.readers.cells import Reading
from dagster_project.readers.insee.filosofi_columns import GROUPS, MEASURES, Field
from dagster_project.readers.insee.filosofi_rules import LARGE, ORDERS, ORDERS_OF_RATES, Rule, rules
from dagster_project.readers.nomenclature import BOROUGHS
from dagster_project.readers.table import column_letter

_ADVICE = "Comparez au fichier d'origine de l'Insee : une valeur a été modifiée, ou deux colonnes interverties."
_SHOWN = 20
_FEW_ROWS = 10
_MANY_ROWS = 15


@dataclass(frozen=True)
class Breach:
    """Rows that break a rule, each with the column to blame."""

    rows: list[tuple[int, str, str | None]]
    expected: str
    rule: str
    certain: bool


class Checks:
    """Holds the rows of ``filosofi_wide`` (line, level, code, one number a key) to what they must be.

    ``letter`` is the one column of values of a long file, where a row is a territory and each cell has its ``line``;
    nothing there is refused, for those files are of a second generation whose figures were not seen.
    """

    def __init__(self, reading: Reading, fields: tuple[Field, ...], letter: str | None = None) -> None:
        self._reading = reading
        self._letter = letter
        self._fields = {field.measure.key: field for field in fields}
        self._keys = tuple(self._fields)

    def run(self) -> None:
        """Reject and flag what no file of the family holds."""
        for rule in self._broken():
            self._check(rule)
        self._check_threshold()
        self._check_floor()
        self._check_boroughs()
        self._check_repeats()
        self._check_blanks()
        self._check_column_orders()

    def _query(self, sql: str) -> list[tuple[int, str, str | None]]:
        return self._reading.connection.execute(sql).fetchall()

    def _broken(self) -> list[Rule]:
        """The rules that at least one row breaks, all found in one pass."""
        held = list(rules(self._keys))
        broken = ", ".join(f"coalesce(bool_or(not ({rule.holds})), false)" for rule in held)
        row = self._reading.connection.execute(f"select {broken or 'false'} from filosofi_wide").fetchone()
        assert row is not None
        return [rule for rule, is_broken in zip(held, row, strict=False) if is_broken]

    def _check(self, rule: Rule) -> None:
        rows = self._query(
            f"""
            with broken as (select *, {rule.culprit} as key from filosofi_wide where not ({rule.holds}))
            select broken.row_number, broken.key, cell.text
            from broken
            left join filosofi_cell as cell on broken.row_number = cell.row_number and broken.key = cell.key
            order by broken.row_number
            """
        )
        self._tell(Breach(rows, rule.expected, rule.name, rule.certain))

    def _check_threshold(self) -> None:
        """TP60Q2 = threshold x (1 - TP60IP): the threshold is that of the whole country, for all rows and groups."""
        groups = [group for group in ("", *GROUPS) if {f"{group}TP60Q2", f"{group}TP60IP"} <= set(self._keys)]
        if not groups:
            return
        pairs = " union all ".join(
            f"select row_number, '{group}TP60Q2' as key, {group}TP60Q2 as poor, {group}TP60IP as gap from filosofi_wide"
            for group in groups
        )
        rows = self._query(
            f"""
            with pair as (select * from ({pairs}) where poor is not null and gap is not null),
            step as (
                select
                    case when count(*) filter (poor % 10 <> 0) = 0 then 5 else 0.5 end as poor_half,
                    case when count(*) filter (round(gap * 10) <> gap * 10) = 0 then 0.05 else 0.0005 end as gap_half,
                    median(poor / (1 - gap)) as threshold
                from pair
            )
            select pair.row_number, pair.key, cell.text
            from pair
            cross join step
            left join filosofi_cell as cell on pair.row_number = cell.row_number and pair.key = cell.key
            where threshold not between
                (poor - poor_half) / (1 - gap + gap_half) - 4 and (poor + poor_half) / (1 - gap - gap_half) + 4
            order by pair.row_number
            """
        )
        expected = "un même seuil national dans tout le fichier : TP60Q2 / (1 - TP60IP)"
        self._tell(Breach(rows, expected, "seuil de pauvreté", certain=True))

    def _check_floor(self) -> None:
        """INSEE prints 5 for a rate of 5 % or less: in a file with that floor, nothing is below."""
        rates = ", ".join(f"'{key}'" for key in self._keys if MEASURES[key].kind == "rate" and key != "PIMP") or "''"
        rows = self._query(
            f"""
            select row_number, key, text
            from filosofi_cell
            where key in ({rates}) and value < 5 and (
                select count(*) filter (value = 5) > count(*) filter (value < 5)
                from filosofi_cell
                where key in ({rates})
            )
            order by row_number
            """
        )
        self._tell(Breach(rows, "au moins 5, plancher de diffusion des taux de ce fichier", "plancher", certain=False))

    def _check_boroughs(self) -> None:
        """The boroughs of Paris, Lyon and Marseille add up to the city, where the file has both."""
        for key in ("NBMEN", "NBPERS"):
            if key not in self._keys:
                continue
            for city, (first, last) in BOROUGHS.items():
                rows = self._query(
                    f"""
                    with part as (
                        select sum({key}) as total, count(*) as parts
                        from filosofi_wide
                        where level = 'other' and length(code) = 5 and code between '{first}' and '{last}'
                            and {key} is not null
                    )
                    select city.row_number, '{key}', cell.text
                    from filosofi_wide as city
                    cross join part
                    left join filosofi_cell as cell on city.row_number = cell.row_number and cell.key = '{key}'
                    where city.code = '{city}' and city.level = 'commune' and parts >= 9
                        and abs(total / city.{key} - 1) > 0.005
                    """
                )
                expected = "la somme de ses arrondissements, qui sont dans le fichier"
                self._tell(Breach(rows, expected, "arrondissements", certain=False))

    def _check_repeats(self) -> None:
        """A row, or a column, pasted twice."""
        values = ", ".join(self._keys)
        filled = " + ".join(f"({key} is not null)::int" for key in self._keys)
        rows = self._query(
            f"""
            select max(row_number), '{self._keys[0]}', string_agg(code, ', ')
            from filosofi_wide
            where {filled} >= 10
            group by {values}
            having count(*) > 1
            order by 1
            """
        )
        self._tell(Breach(rows, "des valeurs propres à chaque territoire", "lignes identiques", certain=False))
        columns = self._query(
            """
            with signature as (
                select key, count(*) as cells, count(distinct value) as kinds, md5(string_agg(
                    concat(row_number, ':', value), ' ' order by row_number)) as content
                from filosofi_cell
                where value is not null
                group by key
            )
            select 1, max(key), string_agg(key, ', ')
            from signature
            where cells >= 5 and kinds >= 3
            group by content
            having count(*) > 1
            """
        )
        self._tell(Breach(columns, "des valeurs propres à chaque colonne", "colonnes identiques", certain=True))

    def _check_blanks(self) -> None:
        """A figure missing where the rest of the row is published, and nearly every such row has it."""
        if len(self._keys) < _FEW_ROWS:
            return
        rows = self._query(
            f"""
            with full_row as (
                select row_number
                from filosofi_cell
                group by row_number
                having count(*) >= 0.8 * {len(self._keys)}
            ),
            usual as (
                select key
                from filosofi_cell
                inner join full_row using (row_number)
                group by key
                having count(*) >= 0.9 * (select count(*) from full_row)
            )
            select full_row.row_number, usual.key, 'vide'
            from full_row
            cross join usual
            anti join filosofi_cell as cell on full_row.row_number = cell.row_number and usual.key = cell.key
            order by full_row.row_number
            """
        )
        self._tell(Breach(rows, "une valeur, comme sur les autres lignes publiées", "cellule vide", certain=False))

    def _check_column_orders(self) -> None:
        """Two columns whose headers were exchanged: over many territories, one is above the other in every edition."""
        for larger, smaller in ORDERS:
            self._check_order(larger, smaller, "true")
        for larger, smaller in ORDERS_OF_RATES:
            for rate in ("TP50", "TP60"):
                self._check_order(larger + rate, smaller + rate, LARGE)
        for share in ("PPMINI", "PPLOGT"):
            if {share, "PPFAM", "D1"} <= set(self._keys):
                rows = self._query(
                    f"""
                    select 1, '{share}', 'colonne'
                    from filosofi_wide
                    having count(D1) >= {_MANY_ROWS} and corr({share}, D1) > corr(PPFAM, D1)
                    """
                )
                expected = "une part plus liée que PPFAM à la pauvreté (D1)"
                self._tell(Breach(rows, expected, "colonnes interverties", certain=False))

    def _check_order(self, larger: str, smaller: str, where: str) -> None:
        if not {larger, smaller} <= set(self._keys):
            return
        rows = self._query(
            f"""
            select 1, '{larger}', concat('médiane ', median({larger}))
            from filosofi_wide
            where {where}
            having median({larger}) < median({smaller}) and (count(*) >= {_FEW_ROWS} or any_value(level) = 'country')
            """
        )
        header = self._fields[smaller].header
        self._tell(Breach(rows, f"plus que la colonne {header}, en médiane", "colonnes interverties", certain=False))

    def _tell(self, breach: Breach) -> None:
        """One message a cell; one for the column where many rows break the same rule."""
        is_refused = breach.certain and self._letter is None
        report = self._reading.reject if is_refused else self._reading.flag
        by_key: dict[str, list[tuple[int, str, str | None]]] = {}
        for row in breach.rows:
            by_key.setdefault(row[1], []).append(row)
        for key, rows in by_key.items():
            field = self._fields[key]
            one = [(rows[0][0], key, f"{rows[0][2]} ({len(rows)} lignes dans ce cas)")]
            for line, _, text in one if len(rows) > _SHOWN else rows:
                report(
                    found=str(text), expected=breach.expected, rule=breach.rule, advice=_ADVICE,
                    row=self._locate(line, key), column=self._letter or column_letter(field.index), name=field.header,
                )  # fmt: skip

    def _locate(self, row_number: int, key: str) -> int:
        """The line of a cell: that of its row, but in a long file, whose cells each have their own."""
        if self._letter is None:
            return row_number
        line = self._reading.connection.execute(
            "select any_value(line) from filosofi_cell where row_number = ? and key = ?", [row_number, key]
        ).fetchone()
        return int(line[0]) if line and line[0] is not None else 1
