{%- set key = ['territory_level', 'territory_code', 'year', 'population_group', 'threshold_pct', 'generation'] -%}
{%- set said = ['territory_name', 'obs_status', 'conf_status', 'dataset', 'edition', 'known_from'] -%}
{%- set rates = ['poverty_rate_pct', 'poverty_rate_lower_pct', 'poverty_rate_upper_pct', 'censored'] -%}
with rate_known as (
    select * from {{ ref('poverty_rate_history') }}
    where measure like 'poverty_rate_%'
),

median_known as (
    select * from {{ ref('poverty_rate_history') }}
    where measure like 'median_living_standard%'
),

rate as (
    {{ spoken_by_first_source(history='rate_known', key=key, columns=key + said + rates) | indent(4) }}
),

median as (
    {{ spoken_by_first_source(
        history='median_known', key=key, columns=key + said + ['median_living_standard_eur_per_year']
    ) | indent(4) }}
)

select
    {{ key | join(',\n    ') }},
    coalesce(rate.territory_name, median.territory_name) as territory_name,
    rate.poverty_rate_pct,
    rate.poverty_rate_lower_pct,
    rate.poverty_rate_upper_pct,
    rate.censored,
    median.median_living_standard_eur_per_year,
    coalesce(rate.obs_status, median.obs_status) as obs_status,
    case
        when 'C' in (rate.conf_status, median.conf_status) then 'C'
        when 'D' in (rate.conf_status, median.conf_status) then 'D'
        else 'F'
    end as conf_status,
    coalesce(rate.dataset, median.dataset) as dataset,
    coalesce(rate.edition, median.edition) as edition,
    coalesce(rate.known_from, median.known_from) as known_from,
    median.dataset as median_dataset,
    median.edition as median_edition
from rate
full outer join median using ({{ key | join(', ') }})
