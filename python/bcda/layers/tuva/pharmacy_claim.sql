-- pharmacy_claim of Tuva's input layer: one row for each filled prescription of Part D.
select
  fill.claim_key as claim_id,
  fill.line_index + 1 as claim_line_number,
  coalesce(person.mbi, person.person_key, fill.beneficiary_key) as person_id,
  coalesce(person.mbi, person.person_key, fill.beneficiary_key) as member_id,
  'medicare' as payer,
  'medicare' as plan,
  fill.prescriber_npi as prescribing_provider_npi,
  fill.pharmacy_npi as dispensing_provider_npi,
  fill.fill_date as dispensing_date,
  fill.ndc_code as ndc_code,
  fill.quantity as quantity,
  cast(fill.days_supply as integer) as days_supply,
  cast(fill.fill_number as integer) as refills,
  coalesce(fill.payment_date, fill.fill_date) as paid_date,
  fill.covered_paid_amount as paid_amount,
  fill.total_cost_amount as allowed_amount,
  fill.total_cost_amount as charge_amount,
  cast(null as decimal(18, 2)) as coinsurance_amount,
  fill.patient_paid_amount as copayment_amount,
  cast(null as decimal(18, 2)) as deductible_amount,
  true as in_network_flag,
  'bcda' as data_source,
  cast(null as varchar) as file_name,
  bcda_layers.file_date() as file_date,
  bcda_layers.added_at() as ingest_datetime
from bcda_layers.pharmacy_claim as fill
left join bcda_layers.person as person on person.beneficiary_key = fill.beneficiary_key
