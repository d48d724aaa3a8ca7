{{ spoken_by_first_source(
    history=ref('calpae_indicator_history'),
    key=['territory_level', 'territory_code', 'year', 'indicator_code'],
    columns=[
        'territory_level', 'territory_code', 'territory_name', 'year', 'theme', 'indicator_code',
        'indicator_label_fr', 'value', 'unit', 'numerator', 'denominator', 'implied_denominator', 'published_pct',
        'computed_pct', 'respondents', 'obs_status', 'conf_status', 'dataset', 'edition', 'known_from',
    ],
) }}
