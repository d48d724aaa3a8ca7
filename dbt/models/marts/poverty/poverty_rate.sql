{%- set key = ['territory_level', 'territory_code', 'year', 'population_group', 'threshold_pct', 'generation'] -%}
with known as (
    {{ spoken_by_first_source(
        history=ref('poverty_rate_history'),
        key=key + ['measure'],
        columns=key + [
            'territory_name', 'measure', 'poverty_rate_pct', 'poverty_rate_lower_pct', 'poverty_rate_upper_pct',
            'censored', 'median_living_standard_eur_per_year', 'obs_status', 'conf_status', 'dataset',
            'edition', 'known_from',
        ],
    ) | indent(4) }}
),

rate as (
    select * from known
    where measure = 'poverty_rate_60'
),

median as (
    select * from known
    where measure = 'median_living_standard'
)

select
    coalesce(rate.territory_level, median.territory_level) as territory_level,
    coalesce(rate.territory_code, median.territory_code) as territory_code,
    coalesce(rate.territory_name, median.territory_name) as territory_name,
    coalesce(rate.year, median.year) as year,
    coalesce(rate.population_group, median.population_group) as population_group,
    coalesce(rate.threshold_pct, median.threshold_pct) as threshold_pct,
    coalesce(rate.generation, median.generation) as generation,
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
full outer join median
    on
        rate.territory_level = median.territory_level
        and rate.territory_code = median.territory_code
        and rate.year = median.year
        and rate.population_group = median.population_group
        and rate.threshold_pct = median.threshold_pct
        and rate.generation = median.generation
