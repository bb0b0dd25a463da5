-- Who a beneficiary_key stands for. In v3 a Patient that was merged has only an id and the Patient that replaces it.
with keys as (
  select
    beneficiary_key,
    coalesce(replaced_by_key, beneficiary_key) as person_key,
    replaced_by_key is null as is_survivor,
    mbi
  from bcda_layers.patient
)
select
  beneficiary_key,
  person_key,
  first_value(mbi) over (
    partition by person_key order by mbi is null, is_survivor desc, beneficiary_key
  ) as mbi
from keys
