-- eligibility of Tuva's input layer: one row for each person and month of entitlement, where the coverages have codes
-- by month (stu3 and v2), and else one row for each person and period of Part A or Part B (v3).
with months as (
  select
    person_key,
    month as start_date,
    last_day(month) as end_date,
    max(dual_status_code) as dual_status_code  -- all coverages of a person have the same one
  from bcda_layers.coverage_month
  where buyin_code in ('1', '2', '3', 'A', 'B', 'C')  -- 0 is a month without entitlement
  group by person_key, month
),
periods as (
  select
    person_key,
    start_date,
    least(coalesce(end_date, bcda_layers.last_known_day()), bcda_layers.last_known_day()) as end_date
  from bcda_layers.person_coverage
  where part in ('Part A', 'Part B')
    and start_date <= coalesce(end_date, start_date)
    and start_date <= bcda_layers.last_known_day()
    and person_key not in (select person_key from bcda_layers.coverage_month where buyin_code is not null)
),
beginnings as (  -- a period begins a new span unless an earlier one reaches up to it
  select
    *,
    coalesce(
      start_date > 1 + max(end_date) over (
        partition by person_key order by start_date, end_date rows between unbounded preceding and 1 preceding
      ),
      true
    ) as begins_span
  from periods
),
numbered as (
  select
    *,
    count(*) filter (where begins_span) over (
      partition by person_key order by start_date, end_date rows unbounded preceding
    ) as span
  from beginnings
),
spans as (
  select person_key, min(start_date) as start_date, max(end_date) as end_date
  from numbered
  group by person_key, span
),
spans_with_status as (
  select
    spans.person_key,
    spans.start_date,
    spans.end_date,
    max_by(dual.dual_status_code, dual.start_date) as dual_status_code
  from spans
  left join bcda_layers.person_coverage as dual
    on dual.person_key = spans.person_key
    and dual.dual_status_code is not null
    and dual.start_date <= spans.end_date
    and coalesce(dual.end_date, spans.end_date) >= spans.start_date
  group by spans.person_key, spans.start_date, spans.end_date
),
enrollments as (
  select * from months
  union all by name
  select * from spans_with_status
),
persons as (
  select person_key, any_value(mbi) as mbi
  from bcda_layers.person
  group by person_key
)
select
  coalesce(person.mbi, enrollment.person_key) as person_id,
  coalesce(person.mbi, enrollment.person_key) as member_id,
  coalesce(entitlement.subscriber_id, person.mbi, enrollment.person_key) as subscriber_id,
  case patient.gender when 'other' then 'unknown' else patient.gender end as gender,
  case
    when patient.race_code in ('UNK', '0') then 'unknown'
    when patient.race_code = 'ASKU' then 'asked but unknown'
    when patient.race_code in ('2106-3', '1') then 'white'
    when patient.race_code in ('2054-5', '2') then 'black or african american'
    when patient.race_code in ('2131-1', '3') then 'other race'
    when patient.race_code in ('2028-9', '4') then 'asian'
    when patient.race_code in ('1002-5', '6') then 'american indian or alaska native'
    when patient.race_code = '2076-8' then 'native hawaiian or other pacific islander'
    when patient.race_code is not null then 'unknown'
  end as race,
  patient.birth_date as birth_date,
  patient.death_date as death_date,
  case when patient.beneficiary_key is not null then patient.death_date is not null end as death_flag,
  enrollment.start_date as enrollment_start_date,
  enrollment.end_date as enrollment_end_date,
  'medicare' as payer,
  'medicare' as payer_type,
  'medicare' as plan,
  entitlement.original_entitlement_code as original_reason_entitlement_code,
  enrollment.dual_status_code as dual_status_code,
  entitlement.medicare_status_code as medicare_status_code,
  cast(null as varchar) as enrollment_status,
  cast(null as boolean) as hospice_flag,
  cast(null as boolean) as institutional_snp_flag,
  cast(null as boolean) as long_term_institutional_flag,
  cast(null as varchar) as group_id,
  cast(null as varchar) as group_name,
  cast(null as varchar) as name_suffix,
  patient.given_name as first_name,
  patient.middle_name as middle_name,
  patient.family_name as last_name,
  cast(null as varchar) as social_security_number,
  'self' as subscriber_relation,
  patient.address_line_1 as address,
  patient.city as city,
  bcda_layers.state_letters(patient.state) as state,
  patient.zip_code as zip_code,
  cast(null as varchar) as phone,
  cast(null as varchar) as email,
  case when patient.race_code in ('2135-2', '5') then 'hispanic or latino' end as ethnicity,
  'bcda' as data_source,
  cast(null as varchar) as file_name,
  bcda_layers.file_date() as file_date,
  bcda_layers.added_at() as ingest_datetime
from enrollments as enrollment
left join persons as person on person.person_key = enrollment.person_key
left join bcda_layers.patient as patient on patient.beneficiary_key = enrollment.person_key
left join bcda_layers.entitlement as entitlement on entitlement.person_key = enrollment.person_key
