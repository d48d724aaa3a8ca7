{{ versions(
    cells=ref('cell_contested'),
    key=['indicator_code', 'territory_level', 'territory_code', 'population_group', 'period_code'],
    scope=['indicator_code', 'territory_level', 'population_group', 'period_code', 'scope_area'],
    facts=['value', 'lower', 'upper', 'unit', 'qualifier', 'marker', 'obs_status', 'conf_status'],
    apart='covers_itself_only',
) }}
