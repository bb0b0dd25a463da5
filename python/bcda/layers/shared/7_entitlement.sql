-- One row for each person with a coverage: what CCLF8 and Tuva's eligibility need of it.
with latest as (  -- one coverage of each part
  select *
  from bcda_layers.person_coverage
  qualify row_number() over (
    partition by person_key, part
    order by reference_year desc nulls last, start_date desc nulls last, last_updated desc nulls last, coverage_key
  ) = 1
),
by_part as (
  select
    person_key,
    coalesce(
      any_value(medicare_status_code) filter (where part = 'Part A'),
      any_value(medicare_status_code) filter (where part = 'Part B')
    ) as medicare_status_code,
    coalesce(
      any_value(original_entitlement_code) filter (where part = 'Part A'),
      any_value(original_entitlement_code) filter (where part = 'Part B')
    ) as original_entitlement_code,
    coalesce(
      any_value(buyin_code) filter (where part = 'Part A'),
      any_value(buyin_code) filter (where part = 'Part B')
    ) as buyin_code,
    any_value(dual_status_code) as dual_status_code,
    any_value(start_date) filter (where part = 'Part A') as part_a_start,
    any_value(start_date) filter (where part = 'Part B') as part_b_start,
    min(subscriber_id) as subscriber_id
  from latest
  group by person_key
),
last_month as (  -- the last month that has a code
  select
    person_key,
    max_by(buyin_code, month) as buyin_code,
    max_by(dual_status_code, month) as dual_status_code
  from bcda_layers.coverage_month
  group by person_key
)
select
  by_part.person_key,
  by_part.medicare_status_code,
  by_part.original_entitlement_code,
  coalesce(by_part.buyin_code, last_month.buyin_code) as buyin_code,
  coalesce(by_part.dual_status_code, last_month.dual_status_code) as dual_status_code,
  by_part.part_a_start,
  by_part.part_b_start,
  by_part.subscriber_id
from by_part
left join last_month on last_month.person_key = by_part.person_key
