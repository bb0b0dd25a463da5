-- Functions that several views of the layers call. add() puts them into the schema bcda_layers.

-- The file that a claim belongs to. eob_type is exact; claim_class replaces it where a claim has no eob_type.
create or replace macro bcda_layers.claim_kind(eob_type, claim_class) as
  case
    when eob_type in ('INPATIENT', 'OUTPATIENT', 'SNF', 'HHA', 'HOSPICE') then 'institutional'
    when eob_type = 'CARRIER' then 'carrier'
    when eob_type = 'DME' then 'dme'
    when eob_type = 'PDE' then 'pharmacy'
    when claim_class = 'institutional' then 'institutional'
    when claim_class = 'professional' then 'carrier'
    when claim_class = 'pharmacy' then 'pharmacy'
  end;

-- An ICD code without its dot.
create or replace macro bcda_layers.plain(code) as replace(code, '.', '');

-- CCLF's indicator of the ICD version: 0 is ICD-10, 9 is ICD-9, U is any other system.
create or replace macro bcda_layers.icd_indicator(system) as
  case
    when system is null then null
    when regexp_matches(system, 'icd-?10', 'i') then '0'
    when regexp_matches(system, 'icd-?9', 'i') then '9'
    else 'U'
  end;

-- A code of digits, with the leading zeros that its width asks for. Codes with letters stay as they are.
create or replace macro bcda_layers.padded(code, width) as
  case when regexp_full_match(code, '[0-9]+') and length(code) < width then lpad(code, width, '0') else code end;

-- A decimal as text without the zeros behind its point.
create or replace macro bcda_layers.number_text(number) as regexp_replace(cast(number as varchar), '\.?0+$', '');

-- The two letters of a state. stu3 and v2 have the number that the Social Security Administration gives to the state.
create or replace macro bcda_layers.state_letters(state) as
  case
    when regexp_full_match(state, '[A-Z]{2}') then state
    else
      case state
        when '01' then 'AL' when '02' then 'AK' when '03' then 'AZ' when '04' then 'AR' when '05' then 'CA'
        when '06' then 'CO' when '07' then 'CT' when '08' then 'DE' when '09' then 'DC' when '10' then 'FL'
        when '11' then 'GA' when '12' then 'HI' when '13' then 'ID' when '14' then 'IL' when '15' then 'IN'
        when '16' then 'IA' when '17' then 'KS' when '18' then 'KY' when '19' then 'LA' when '20' then 'ME'
        when '21' then 'MD' when '22' then 'MA' when '23' then 'MI' when '24' then 'MN' when '25' then 'MS'
        when '26' then 'MO' when '27' then 'MT' when '28' then 'NE' when '29' then 'NV' when '30' then 'NH'
        when '31' then 'NJ' when '32' then 'NM' when '33' then 'NY' when '34' then 'NC' when '35' then 'ND'
        when '36' then 'OH' when '37' then 'OK' when '38' then 'OR' when '39' then 'PA' when '40' then 'PR'
        when '41' then 'RI' when '42' then 'SC' when '43' then 'SD' when '44' then 'TN' when '45' then 'TX'
        when '46' then 'UT' when '47' then 'VT' when '48' then 'VI' when '49' then 'VA' when '50' then 'WA'
        when '51' then 'WV' when '52' then 'WI' when '53' then 'WY' when '64' then 'AS' when '65' then 'GU'
        when '66' then 'MP'
      end
  end;

-- The FIPS number of a state, from its letters or from its SSA number.
create or replace macro bcda_layers.state_fips(state) as
  case bcda_layers.state_letters(state)
    when 'AL' then '01' when 'AK' then '02' when 'AZ' then '04' when 'AR' then '05' when 'CA' then '06'
    when 'CO' then '08' when 'CT' then '09' when 'DE' then '10' when 'DC' then '11' when 'FL' then '12'
    when 'GA' then '13' when 'HI' then '15' when 'ID' then '16' when 'IL' then '17' when 'IN' then '18'
    when 'IA' then '19' when 'KS' then '20' when 'KY' then '21' when 'LA' then '22' when 'ME' then '23'
    when 'MD' then '24' when 'MA' then '25' when 'MI' then '26' when 'MN' then '27' when 'MS' then '28'
    when 'MO' then '29' when 'MT' then '30' when 'NE' then '31' when 'NV' then '32' when 'NH' then '33'
    when 'NJ' then '34' when 'NM' then '35' when 'NY' then '36' when 'NC' then '37' when 'ND' then '38'
    when 'OH' then '39' when 'OK' then '40' when 'OR' then '41' when 'PA' then '42' when 'RI' then '44'
    when 'SC' then '45' when 'SD' then '46' when 'TN' then '47' when 'TX' then '48' when 'UT' then '49'
    when 'VT' then '50' when 'VA' then '51' when 'WA' then '53' when 'WV' then '54' when 'WI' then '55'
    when 'WY' then '56' when 'AS' then '60' when 'GU' then '66' when 'MP' then '69' when 'PR' then '72'
    when 'VI' then '78'
  end;

-- CMS's race code. v3 has the category of the OMB instead. Hispanic is an ethnicity there and a race for CMS.
create or replace macro bcda_layers.cms_race(race) as
  case race
    when '2106-3' then '1'
    when '2054-5' then '2'
    when '2131-1' then '3'
    when '2028-9' then '4'
    when '2135-2' then '5'
    when '1002-5' then '6'
    when 'UNK' then '0'
    else case when regexp_full_match(race, '[0-6]') then race end
  end;

-- The last day that an open enrollment gets: the end of the month of the export, or of this month if it is unknown.
create or replace macro bcda_layers.last_known_day() as last_day(coalesce(bcda_layers.file_date(), current_date));
