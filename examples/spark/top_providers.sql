-- The providers with the largest paid amounts. A claim of an institution is paid as a whole, to the institution. On
-- carrier and DME claims each line has its provider and its amount. A Part D event is paid to the pharmacy.
-- The tables are read with final_only. Parameter: :top, the number of providers.
with paid as (
    select provider_npi as npi, claim_key, payment_amount as amount
    from claim
    where eob_type not in ('CARRIER', 'DME', 'PDE')
    union all
    select coalesce(rendering_npi, provider_npi), claim_key, paid_amount
    from claim_line
    join claim using (claim_key)
    where eob_type in ('CARRIER', 'DME')
    union all
    select pharmacy_npi, claim_key, covered_paid_amount
    from pharmacy_claim
)
select npi, count(distinct claim_key) as claims, sum(amount) as paid
from paid
where npi is not null and amount is not null
group by npi
order by paid desc, npi
limit :top
