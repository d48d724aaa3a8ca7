{{ spoken_by_first_source(
    history=ref('unemployment_rate_history'),
    key=['territory_level', 'territory_code', 'quarter'],
    columns=[
        'territory_level', 'territory_code', 'territory_name', 'quarter', 'quarter_start', 'unemployment_rate_pct',
        'unemployment_rate_lower_pct', 'unemployment_rate_upper_pct', 'seasonally_adjusted', 'obs_status', 'conf_status',
        'dataset', 'edition', 'known_from',
    ],
) }}
