-- One row for each Patient, its latest state. An export with `since` repeats the ones that changed.
select *
from bcda_layers.beneficiary
qualify row_number() over (partition by beneficiary_key order by last_updated desc nulls last) = 1
