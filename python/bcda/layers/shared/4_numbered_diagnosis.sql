-- The diagnoses of a claim in the order of claim forms: the principal one first, then by sequence.
-- Left out are the admitting diagnosis and repeats: v3 has the principal diagnosis again among the others, with its
-- present-on-admission code, and external causes can repeat a code too.
with billed as (
  select
    claim_key,
    diagnosis_index,
    sequence,
    code_plain,
    system,
    poa_code,
    coalesce(type = 'principal', false) as is_principal,
    coalesce(type like '%external%', false) as is_external
  from bcda_layers.claim_diagnosis
  where type is distinct from 'admitting'
),
counted as (
  select
    *,
    row_number() over same_code as occurrence,
    bool_or(is_principal) over (partition by claim_key, code_plain) as is_code_of_principal,
    min_by(poa_code, sequence) over (partition by claim_key, code_plain) as poa_code_of_code
  from billed
  window same_code as (
    partition by claim_key, code_plain order by is_principal desc, is_external, sequence, diagnosis_index
  )
)
select
  claim_key,
  row_number() over (partition by claim_key order by is_principal desc, sequence, diagnosis_index) as place,
  code_plain,
  system,
  case when is_principal then coalesce(poa_code, poa_code_of_code) else poa_code end as poa_code
from counted
where occurrence = 1 or not (is_code_of_principal or is_external)
