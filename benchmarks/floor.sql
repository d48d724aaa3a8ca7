-- What a careful person would write by hand, in DuckDB alone, for the communes of national.py and nothing else: the two
-- tables that hold nearly all the rows the pipeline publishes, with their history, in a file people open. No check, no
-- test, no digest, no proof, no other table. What stands after a dollar sign is put in by floor.py.

create temp table indicator as from read_csv('$seeds/indicators.csv', all_varchar = true);
create temp table commune as
    select COM as code, LIBELLE as name from read_csv('$raw/insee/cog/2024-communes/*.csv', all_varchar = true);
create temp table move as
    select COM_AV as code, DATE_EFF::date as effective_on, any_value(COM_AP) as successor
    from read_csv('$raw/insee/cog/2024-moves/*.csv', all_varchar = true)
    group by all;

-- Communes: one line a commune and month, a column a measure.
create temp table edition as from (values $editions) as edition (path, name, known_from, is_provisional);
create temp table said as
    with line as (
        from read_csv(
            [$files], delim = ';', header = true, filename = true,
            types = {'dtreffre': 'varchar', 'numcomdo': 'varchar', 'nomcom': 'varchar'}
        )
    ),
    cell as (unpivot line on $measures into name measure value value)
    select edition.name as edition, edition.known_from, edition.is_provisional, indicator.indicator_code, cell.dtreffre as period,
        cell.numcomdo as code, cell.nomcom as label, cell.value
    from cell
    inner join edition on cell.filename = edition.path
    inner join indicator on indicator.publisher_code = cell.measure;

create temp table contested as
    select period from said group by period having min(edition) <> max(edition);

create table release.marts.observation_history as
    with changed as (
        select *, lag((value, is_provisional)) over one_cell is distinct from (value, is_provisional) as is_new
        from said semi join contested using (period)
        window one_cell as (partition by indicator_code, code, period order by known_from)
    ),
    version as (
        select * exclude (is_new),
            lead(known_from) over (partition by indicator_code, code, period order by known_from) as known_to
        from changed where is_new
        union all
        select *, null from said anti join contested using (period)
    )
    select 'cnaf/benefits_commune' as dataset, version.indicator_code, indicator.label_fr as indicator_label_fr,
        'commune' as territory_level, version.code as territory_code,
        coalesce(commune.name, version.label) as territory_name, version.period as period_code,
        version.period as period_label, (version.period || '-01')::date as period_start,
        last_day((version.period || '-01')::date) as period_end, 'all' as population_group,
        version.value::decimal(24, 6) as value, null::decimal(24, 6) as value_lower,
        null::decimal(24, 6) as value_upper, 'exact' as qualifier, indicator.unit,
        case when is_provisional then 'P' else 'A' end as obs_status, 'F' as conf_status, version.edition,
        20::integer as source_priority, version.known_from, version.known_to
    from version
    inner join indicator on version.indicator_code = indicator.indicator_code
    left join commune on version.code = commune.code
    order by $history_key;

create table release.marts.commune_value as
    with known as (from release.marts.observation_history where known_to is null),
    touched as (select code from move union select successor from move),
    carried as (
        select dataset, indicator_code, any_value(indicator_label_fr) as indicator_label_fr, 'commune' as territory_level,
            case when period_end + 1 < effective_on then successor else territory_code end as code, period_code,
            any_value(period_start) as period_start, population_group, sum(value) as value, any_value(unit) as unit,
            max(obs_status) as obs_status, count(value)::integer as communes,
            (case when any_value(period_end) + 1 < date '2019-01-01' then max(expected) else 1 end)::integer as communes_expected,
            string_agg(case when territory_code <> successor then territory_code end, ', ' order by territory_code)
                as carried_from,
            max_by(edition, known_from) as edition
        from known
        semi join touched on known.territory_code = touched.code
        left join move on known.territory_code = move.code
        left join (select successor, count(*) as expected from move group by successor) using (successor)
        group by all
    ),
    every_value as (
        select * replace (case when communes = communes_expected then value end as value) from carried
        union all
        select dataset, indicator_code, indicator_label_fr, 'commune', territory_code, period_code, period_start,
            population_group, value, unit, obs_status, 1, 1, null, edition
        from known anti join touched on known.territory_code = touched.code
    )
    select dataset, indicator_code, indicator_label_fr, territory_level, every_value.code as territory_code,
        coalesce(commune.name, every_value.code) as territory_name, period_code, period_start, population_group,
        value::decimal(24, 6) as value, unit, obs_status, communes, communes_expected, carried_from, edition
    from every_value
    left join commune on every_value.code = commune.code
    order by $commune_key;
