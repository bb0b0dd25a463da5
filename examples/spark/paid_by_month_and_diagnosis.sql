-- Paid amounts by month of service and group of the principal diagnosis. Part D events have no diagnosis and are left out.
-- The tables are read with final_only: without it, canceled and replaced claims would count too.
with
chapters as (
    select * from values ('A00', 'B99', 'Infections'), ('C00', 'D49', 'Neoplasms'), ('D50', 'D89', 'Blood'),
        ('E00', 'E89', 'Endocrine, metabolic'), ('F01', 'F99', 'Mental'), ('G00', 'G99', 'Nervous system'),
        ('H00', 'H59', 'Eye'), ('H60', 'H95', 'Ear'), ('I00', 'I99', 'Circulatory'), ('J00', 'J99', 'Respiratory'),
        ('K00', 'K95', 'Digestive'), ('L00', 'L99', 'Skin'), ('M00', 'M99', 'Musculoskeletal'),
        ('N00', 'N99', 'Genitourinary'), ('O00', 'O9A', 'Pregnancy'), ('P00', 'P96', 'Perinatal'),
        ('Q00', 'Q99', 'Congenital'), ('R00', 'R99', 'Symptoms'), ('S00', 'T88', 'Injury'),
        ('U00', 'U85', 'Special purposes'), ('V00', 'Y99', 'External causes'), ('Z00', 'Z99', 'Factors, contact')
        as chapters(lowest, highest, name)
),
principal as (  -- one ICD-10 code for each claim: the principal one, or else the first
    select claim_key, min_by(upper(code_plain), struct(not (type <=> 'principal'), diagnosis_index)) as code
    from claim_diagnosis
    where system not like '%icd-9%'
    group by claim_key
)
select date_format(from_date, 'yyyy-MM') as month, coalesce(name, 'Other') as diagnosis_group, sum(payment_amount) as paid
from claim
join principal using (claim_key)
left join chapters on left(code, 3) between lowest and highest
where from_date is not null and payment_amount is not null
group by all
order by month, diagnosis_group
