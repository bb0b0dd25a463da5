-- CCLF9, identifiers that changed: one row for each MBI of a person that is not the current one.
with known as (
  select
    person.person_key,
    any_value(person.mbi) as current_mbi,
    identifier.value,
    min(identifier.start_date) as start_date,
    max(identifier.end_date) as end_date
  from bcda_layers.beneficiary_identifier as identifier
  join bcda_layers.person as person on person.beneficiary_key = identifier.beneficiary_key
  where identifier.system = 'http://hl7.org/fhir/sid/us-mbi' and identifier.value is not null
  group by person.person_key, identifier.value
)
select
  'M' as HICN_MBI_XREF_IND,
  current_mbi as CRNT_NUM,
  value as PRVS_NUM,
  start_date as PRVS_ID_EFCTV_DT,
  end_date as PRVS_ID_OBSLT_DT,
  cast(null as varchar) as BENE_RRB_NUM
from known
where value is distinct from current_mbi
