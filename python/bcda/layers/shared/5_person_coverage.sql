-- Coverages with the person that they are for. v3's placeholders, which have only an id, are left out.
select coverage.*, coalesce(person.person_key, coverage.beneficiary_key) as person_key
from bcda_layers.coverage
left join bcda_layers.person as person on person.beneficiary_key = coverage.beneficiary_key
where coverage.part is not null and coverage.beneficiary_key is not null
