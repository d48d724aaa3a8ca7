{{ spoken_by_first_source(
    history=ref('population_history'),
    key=['territory_level', 'territory_code', 'reference_date', 'population_kind'],
    columns=[
        'territory_level', 'territory_code', 'territory_name', 'reference_date', 'population_kind', 'population',
        'obs_status', 'conf_status', 'dataset', 'edition', 'known_from',
    ],
) }}
