{{ spoken_by_first_source(
    history=ref('scheme_total_history'),
    key=['territory_level', 'territory_code', 'period_label'],
    columns=[
        'territory_level', 'territory_code', 'territory_name', 'period_label', 'month', 'beneficiaries', 'unit',
        'obs_status', 'conf_status', 'dataset', 'edition', 'known_from',
    ],
) }}
