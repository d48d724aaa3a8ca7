{{ spoken_by_first_source(
    history=ref('observation_history'),
    key=['dataset', 'indicator_code', 'territory_level', 'territory_code', 'period_code', 'population_group'],
    columns=[
        'dataset', 'indicator_code', 'indicator_label_fr', 'territory_level', 'territory_code', 'territory_name',
        'period_code', 'period_label', 'period_start', 'period_end', 'population_group', 'value', 'value_lower',
        'value_upper', 'qualifier', 'unit', 'obs_status', 'conf_status', 'edition', 'known_from',
    ],
) }}
