select territory_name || strftime(month, ' (%m/%Y)') as "Département", month, beneficiaries, obs_status, dataset, edition
from marts.beneficiaries
where benefit = 'rsa' and territory_level = 'departement'
qualify month = max(month) over ()
