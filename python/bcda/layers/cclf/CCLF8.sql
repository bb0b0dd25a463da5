-- CCLF8, beneficiaries: one row for each person. A Patient that another one replaces is left out.
select
  person.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.state_fips(patient.state) as BENE_FIPS_STATE_CD,
  cast(null as varchar) as BENE_FIPS_CNTY_CD,
  left(patient.zip_code, 5) as BENE_ZIP_CD,
  patient.birth_date as BENE_DOB,
  case patient.gender
    when 'male' then '1'
    when 'female' then '2'
    when 'other' then '0'
    when 'unknown' then '0'
  end as BENE_SEX_CD,
  bcda_layers.cms_race(patient.race_code) as BENE_RACE_CD,
  cast(null as integer) as BENE_AGE,
  entitlement.medicare_status_code as BENE_MDCR_STUS_CD,
  entitlement.dual_status_code as BENE_DUAL_STUS_CD,
  patient.death_date as BENE_DEATH_DT,
  cast(null as date) as BENE_RNG_BGN_DT,
  cast(null as date) as BENE_RNG_END_DT,
  patient.given_name as BENE_1ST_NAME,
  patient.middle_name as BENE_MIDL_NAME,
  patient.family_name as BENE_LAST_NAME,
  entitlement.original_entitlement_code as BENE_ORGNL_ENTLMT_RSN_CD,
  entitlement.buyin_code as BENE_ENTLMT_BUYIN_IND,
  entitlement.part_a_start as BENE_PART_A_ENRLMT_BGN_DT,
  entitlement.part_b_start as BENE_PART_B_ENRLMT_BGN_DT,
  patient.address_line_1 as BENE_LINE_1_ADR,
  patient.address_line_2 as BENE_LINE_2_ADR,
  patient.address_line_3 as BENE_LINE_3_ADR,
  cast(null as varchar) as BENE_LINE_4_ADR,
  cast(null as varchar) as BENE_LINE_5_ADR,
  cast(null as varchar) as BENE_LINE_6_ADR,
  patient.city as GEO_ZIP_PLC_NAME,
  bcda_layers.state_letters(patient.state) as GEO_USPS_STATE_CD,
  left(patient.zip_code, 5) as GEO_ZIP5_CD,
  nullif(regexp_extract(patient.zip_code, '^[0-9]{5}-?([0-9]{4})$', 1), '') as GEO_ZIP4_CD
from bcda_layers.patient as patient
left join bcda_layers.person as person on person.beneficiary_key = patient.beneficiary_key
left join bcda_layers.entitlement as entitlement on entitlement.person_key = patient.beneficiary_key
where patient.replaced_by_key is null
