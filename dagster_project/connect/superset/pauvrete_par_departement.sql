select territory_name || ' (' || year || ')' as "Département", year, poverty_rate_pct, obs_status, dataset, edition
from marts.poverty_rate
where territory_level = 'departement' and population_group = 'all' and threshold_pct = 60 and poverty_rate_pct is not null
qualify year = max(year) over ()
