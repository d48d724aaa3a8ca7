{{ spoken_by_first_source(
    history=ref('beneficiaries_history'),
    key=['territory_level', 'territory_code', 'month', 'benefit'],
    columns=[
        'territory_level', 'territory_code', 'territory_name', 'month', 'period_label', 'benefit', 'beneficiaries',
        'unit', 'marker', 'obs_status', 'conf_status', 'dataset', 'edition', 'known_from',
    ],
) }}
