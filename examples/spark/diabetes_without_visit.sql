-- Members with diabetes (ICD-10 E08 to E13) who had no visit from :first to :last, and the day of their last visit
-- before. A visit is a line with an evaluation in an office, at home, in a hospital's clinic, or a wellness visit.
-- The tables are read with final_only. Parameters: :first and :last, dates.
with
members as (  -- v3 writes E11.9, the other generations E119; code_plain never has the dot
    select distinct beneficiary_key
    from claim_diagnosis
    join claim using (claim_key)
    where system not like '%icd-9%' and upper(code_plain) rlike '^E(08|09|10|11|12|13)'
        and beneficiary_key is not null
),
visits as (
    select beneficiary_key, coalesce(line_from_date, from_date) as day
    from claim_line
    join claim using (claim_key)
    where hcpcs_code between '99202' and '99215' or hcpcs_code between '99341' and '99350'
        or hcpcs_code in ('G0402', 'G0438', 'G0439', 'G0463')
)
select beneficiary_key, max(day) filter (where day < :first) as last_visit
from members
left join visits using (beneficiary_key)
group by beneficiary_key
having count(*) filter (where day between :first and :last) = 0
order by beneficiary_key
