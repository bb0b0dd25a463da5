-- One row for each coverage and month of stu3 and v2, which have codes by month. v3 has none, so no row.
-- The dual status ** means that the person has no Part D data. It is null here.
with months as (
  select
    person_key,
    part,
    try_cast(reference_year as integer) as year,
    unnest([
      {'number': 1, 'buyin_code': buyin_code_01, 'dual_status_code': dual_status_code_01},
      {'number': 2, 'buyin_code': buyin_code_02, 'dual_status_code': dual_status_code_02},
      {'number': 3, 'buyin_code': buyin_code_03, 'dual_status_code': dual_status_code_03},
      {'number': 4, 'buyin_code': buyin_code_04, 'dual_status_code': dual_status_code_04},
      {'number': 5, 'buyin_code': buyin_code_05, 'dual_status_code': dual_status_code_05},
      {'number': 6, 'buyin_code': buyin_code_06, 'dual_status_code': dual_status_code_06},
      {'number': 7, 'buyin_code': buyin_code_07, 'dual_status_code': dual_status_code_07},
      {'number': 8, 'buyin_code': buyin_code_08, 'dual_status_code': dual_status_code_08},
      {'number': 9, 'buyin_code': buyin_code_09, 'dual_status_code': dual_status_code_09},
      {'number': 10, 'buyin_code': buyin_code_10, 'dual_status_code': dual_status_code_10},
      {'number': 11, 'buyin_code': buyin_code_11, 'dual_status_code': dual_status_code_11},
      {'number': 12, 'buyin_code': buyin_code_12, 'dual_status_code': dual_status_code_12}
    ]) as month
  from bcda_layers.person_coverage
)
select
  person_key,
  part,
  make_date(year, month.number, 1) as month,
  month.buyin_code as buyin_code,
  nullif(month.dual_status_code, '**') as dual_status_code
from months
where year is not null and (month.buyin_code is not null or month.dual_status_code is not null)
