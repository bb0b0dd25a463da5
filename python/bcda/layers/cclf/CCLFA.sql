-- CCLFA, Part A benefit enhancements: one row for each institutional claim. Switches and demonstrations are in v3 only.
with amounts as (
  select
    claim_key,
    min_by(amount, amount_index) filter (
      where code in ('clm_pass_thru_per_diem_amt', 'CLM_INSTNL_PER_DIEM_AMT')
    ) as per_diem,
    min_by(amount, amount_index) filter (
      where code in ('nch_bene_pta_coinsrnc_lblty_amt', 'nch_bene_ptb_coinsrnc_amt', 'CLM_MDCR_COINSRNC_AMT')
    ) as coinsurance,
    min_by(amount, amount_index) filter (
      where code in ('nch_bene_blood_ddctbl_lblty_am', 'CLM_BLOOD_LBLTY_AMT')
    ) as blood_liability,
    min_by(amount, amount_index) filter (
      where code in ('nch_profnl_cmpnt_chrg_amt', 'CLM_INSTNL_PRFNL_AMT')
    ) as professional_component,
    min_by(amount, amount_index) filter (where code in ('nch_ip_ncvrd_chrg_amt', 'CLM_NCVRD_CHRG_AMT')) as noncovered,
    min_by(amount, amount_index) filter (where code = 'nch_bene_ptb_ddctbl_amt') as part_b_deductible
  from bcda_layers.claim_amount
  where level = 'claim'
  group by claim_key
),
information as (
  select
    claim_key,
    min_by(coalesce(code, value_string), information_index) filter (
      where category = 'CLM_NGACO_PBPMT_SW'
    ) as population_payment,
    min_by(coalesce(code, value_string), information_index) filter (
      where category = 'CLM_NGACO_PDSCHRG_HCBS_SW'
    ) as post_discharge_visit,
    min_by(coalesce(code, value_string), information_index) filter (where category = 'CLM_NGACO_SNF_WVR_SW') as snf_waiver,
    min_by(coalesce(code, value_string), information_index) filter (where category = 'CLM_NGACO_TLHLTH_SW') as telehealth,
    min_by(coalesce(code, value_string), information_index) filter (where category = 'CLM_NGACO_CPTATN_SW') as capitation,
    min_by(coalesce(code, value_string), information_index) filter (
      where category = 'CLM_ACO_CARE_MGMT_HCBS_SW'
    ) as care_management_visit,
    list(coalesce(code, value_string) order by information_index) filter (
      where category = 'CLM_BNFT_ENHNCMT_CD'
    ) as demonstrations,
    max(code) filter (where code_system like '%/CLM-RLT-COND-CD' and code = '62') as interim_payment
  from bcda_layers.claim_information
  group by claim_key
)
select
  claim.claim_id as CUR_CLM_UNIQ_ID,
  person.mbi as BENE_MBI_ID,
  cast(null as varchar) as BENE_HIC_NUM,
  bcda_layers.padded(claim.claim_type_code, 2) as CLM_TYPE_CD,
  claim.admission_date as CLM_ACTV_CARE_FROM_DT,
  information.population_payment as CLM_NGACO_PBPMT_SW,
  information.post_discharge_visit as CLM_NGACO_PDSCHRG_HCBS_SW,
  information.snf_waiver as CLM_NGACO_SNF_WVR_SW,
  information.telehealth as CLM_NGACO_TLHLTH_SW,
  information.capitation as CLM_NGACO_CPTATN_SW,
  information.demonstrations[1] as CLM_DEMO_1ST_NUM,
  information.demonstrations[2] as CLM_DEMO_2ND_NUM,
  information.demonstrations[3] as CLM_DEMO_3RD_NUM,
  information.demonstrations[4] as CLM_DEMO_4TH_NUM,
  information.demonstrations[5] as CLM_DEMO_5TH_NUM,
  cast(null as decimal(18, 2)) as CLM_PBP_INCLSN_AMT,
  cast(null as decimal(18, 2)) as CLM_PBP_RDCTN_AMT,
  information.care_management_visit as CLM_NGACO_CMG_WVR_SW,
  cast(amounts.per_diem as decimal(18, 2)) as CLM_INSTNL_PER_DIEM_AMT,
  claim.inpatient_deductible_amount as CLM_MDCR_IP_BENE_DDCTBL_AMT,
  cast(amounts.coinsurance as decimal(18, 2)) as CLM_MDCR_COINSRNC_AMT,
  cast(amounts.blood_liability as decimal(18, 2)) as CLM_BLOOD_LBLTY_AMT,
  cast(amounts.professional_component as decimal(18, 2)) as CLM_INSTNL_PRFNL_AMT,
  cast(amounts.noncovered as decimal(18, 2)) as CLM_NCVRD_CHRG_AMT,
  coalesce(claim.deductible_amount, cast(amounts.part_b_deductible as decimal(18, 2))) as CLM_MDCR_DDCTBL_AMT,
  information.interim_payment as CLM_RLT_COND_CD,
  cast(null as decimal(18, 2)) as CLM_OPRTNL_OUTLR_AMT,
  cast(null as decimal(18, 2)) as CLM_MDCR_NEW_TECH_AMT,
  cast(null as decimal(18, 2)) as CLM_ISLET_ISOLN_AMT,
  cast(null as decimal(18, 2)) as CLM_SQSTRTN_RDCTN_AMT,
  cast(null as varchar) as CLM_1_REV_CNTR_ANSI_RSN_CD,
  cast(null as varchar) as CLM_1_REV_CNTR_ANSI_GRP_CD,
  cast(null as decimal(18, 2)) as CLM_MIPS_PMT_AMT
from bcda_layers.claim
left join bcda_layers.person as person on person.beneficiary_key = claim.beneficiary_key
left join amounts on amounts.claim_key = claim.claim_key
left join information on information.claim_key = claim.claim_key
where bcda_layers.claim_kind(claim.eob_type, claim.claim_class) = 'institutional'
