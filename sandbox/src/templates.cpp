#include "templates.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace libbcda::sandbox {
namespace {

// In the templates below @name@ is a field. These abbreviations stand for text that would fill half of the lines.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kShort{{
    {"v", "https://bluebutton.cms.gov/resources/variables/"},
    {"r", "https://bluebutton.cms.gov/resources/"},
    {"usd", R"("code":"USD","system":"urn:iso:std:iso:4217","value":)"},
    {"icd", "http://hl7.org/fhir/sid/icd-10"},
}};

constexpr std::array<std::string_view, 50> kNames{"",
                                                  "bene",
                                                  "claim",
                                                  "group",
                                                  "hash",
                                                  "family",
                                                  "given",
                                                  "middle",
                                                  "gender",
                                                  "birth",
                                                  "race",
                                                  "race_text",
                                                  "state",
                                                  "county",
                                                  "zip",
                                                  "status",
                                                  "status_text",
                                                  "orec",
                                                  "orec_text",
                                                  "start",
                                                  "end",
                                                  "paid",
                                                  "allowed",
                                                  "submitted",
                                                  "deductible",
                                                  "coinsurance",
                                                  "claim_type",
                                                  "claim_type_text",
                                                  "drg",
                                                  "drg_text",
                                                  "npi",
                                                  "number",
                                                  "dx",
                                                  "dx_text",
                                                  "line_start",
                                                  "line_paid",
                                                  "line_allowed",
                                                  "line_submitted",
                                                  "line_deductible",
                                                  "line_coinsurance",
                                                  "service",
                                                  "betos",
                                                  "betos_text",
                                                  "place",
                                                  "place_text",
                                                  "ndc",
                                                  "days_supply",
                                                  "quantity",
                                                  "organization",
                                                  "failed_type"};
static_assert(kNames.size() == static_cast<std::size_t>(Field::failed_type) + 1, "in the order of Field");

Field field_named(std::string_view name) {
  for (std::size_t i = 1; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Field>(i);
  throw std::logic_error("a record template has an unknown field");
}

Template cut(std::string_view text) {
  Template pieces(1);
  while (!text.empty()) {
    std::size_t at = text.find('@');
    pieces.back().literal += text.substr(0, at);
    if (at == std::string_view::npos) break;
    std::size_t end = text.find('@', at + 1);
    std::string_view name = text.substr(at + 1, end - at - 1);
    text.remove_prefix(end + 1);
    bool was_short = false;
    for (auto [abbreviation, meaning] : kShort) {
      if (name != abbreviation) continue;
      pieces.back().literal += meaning;
      was_short = true;
    }
    if (was_short) continue;
    pieces.back().field = field_named(name);
    pieces.emplace_back();
  }
  return pieces;
}

constexpr const char* kPatient =
    R"({"address":[{"district":"@county@","postalCode":"@zip@","state":"@state@"}],"birthDate":"@birth@",)"
    R"("extension":[{"url":"@v@race","valueCoding":{"code":"@race@","display":"@race_text@","system":"@v@race"}}],)"
    R"("gender":"@gender@","id":"@bene@","identifier":[{"system":"@v@bene_id","value":"@bene@"},)"
    R"({"system":"@r@identifier/hicn-hash","value":"@hash@"}],)"
    R"("name":[{"family":"@family@","given":["@given@","@middle@"],"use":"usual"}],"resourceType":"Patient"})"
    "\n";

constexpr const char* kPartA =
    R"({"beneficiary":{"reference":"Patient/@bene@"},"contract":[{"id":"ptc-contract1"},)"
    R"({"reference":"Coverage/part-a-contract1 reference"}],"extension":[)"
    R"({"url":"@v@ms_cd","valueCoding":{"code":"@status@","display":"@status_text@","system":"@v@ms_cd"}},)"
    R"({"url":"@v@orec","valueCoding":{"code":"@orec@","display":"@orec_text@","system":"@v@orec"}},)"
    R"({"url":"@v@crec","valueCoding":{"code":"@orec@","display":"@orec_text@","system":"@v@crec"}},)"
    R"({"url":"@v@esrd_ind","valueCoding":{"code":"0","display":"the beneficiary does not have ESRD","system":"@v@esrd_ind"}},)"
    R"({"url":"@v@a_trm_cd","valueCoding":{"code":"0","display":"Not Terminated","system":"@v@a_trm_cd"}}],)"
    R"("grouping":{"subGroup":"Medicare","subPlan":"Part A"},"id":"part-a-@bene@","resourceType":"Coverage",)"
    R"("status":"active","type":{"coding":[{"code":"Part A","system":"Medicare"}]}})"
    "\n";

constexpr const char* kPartB =
    R"({"beneficiary":{"reference":"Patient/@bene@"},"contract":[{"id":"ptc-contract1"},)"
    R"({"reference":"Coverage/part-b-contract1 reference"}],"extension":[)"
    R"({"url":"@v@ms_cd","valueCoding":{"code":"@status@","display":"@status_text@","system":"@v@ms_cd"}},)"
    R"({"url":"@v@b_trm_cd","valueCoding":{"code":"0","display":"Not Terminated","system":"@v@b_trm_cd"}}],)"
    R"("grouping":{"subGroup":"Medicare","subPlan":"Part B"},"id":"part-b-@bene@","resourceType":"Coverage",)"
    R"("status":"active","type":{"coding":[{"code":"Part B","system":"Medicare"}]}})"
    "\n";

constexpr const char* kPartD =
    R"({"beneficiary":{"reference":"Patient/@bene@"},"contract":[{"id":"ptd-contract1"},)"
    R"({"reference":"Coverage/part-d-contract1 reference"}],"extension":[)"
    R"({"url":"@v@ms_cd","valueCoding":{"code":"@status@","display":"@status_text@","system":"@v@ms_cd"}}],)"
    R"("grouping":{"subGroup":"Medicare","subPlan":"Part D"},"id":"part-d-@bene@","resourceType":"Coverage",)"
    R"("status":"active","type":{"coding":[{"code":"Part D","system":"Medicare"}]}})"
    "\n";

constexpr const char* kFailure =
    R"({"resourceType":"OperationOutcome","issue":[{"severity":"Error","code":"Exception","details":{"coding":[)"
    R"({"display":"Error retrieving @failed_type@ for beneficiary @bene@ in ACO @organization@"}],)"
    R"("text":"Error retrieving @failed_type@ for beneficiary @bene@ in ACO @organization@"}}]})"
    "\n";

constexpr const char* kDiagnosis =
    R"(,{"diagnosisCodeableConcept":{"coding":[{"code":"@dx@","display":"@dx_text@","system":"@icd@"}]},"sequence":@number@})";

constexpr const char* kFirstDiagnosis =
    R"({"diagnosisCodeableConcept":{"coding":[{"code":"@dx@","display":"@dx_text@","system":"@icd@"}]},"sequence":1,)"
    R"("type":[{"coding":[{"code":"principal","display":"The single medical diagnosis that is most relevant to the patient's )"
    R"(chief complaint or need for treatment.","system":"@r@codesystem/diagnosis-type"}]}]})";

constexpr const char* kClaimHead = R"({"billablePeriod":{"end":"@end@","start":"@start@"},"diagnosis":[)";

constexpr const char* kCarrierMiddle =
    R"(],"extension":[{"url":"@v@prpayamt","valueMoney":{@usd@0}},)"
    R"({"url":"@v@carr_num","valueIdentifier":{"system":"@v@carr_num","value":"05102"}},)"
    R"({"url":"@v@carr_clm_pmt_dnl_cd","valueCoding":{"code":"1","display":"Physician/supplier","system":"@v@carr_clm_pmt_dnl_cd"}},)"
    R"({"url":"@v@asgmntcd","valueCoding":{"code":"A","display":"Assigned claim","system":"@v@asgmntcd"}},)"
    R"({"url":"@v@carr_clm_cash_ddctbl_apld_amt","valueMoney":{@usd@@deductible@}},)"
    R"({"url":"@v@nch_clm_prvdr_pmt_amt","valueMoney":{@usd@@paid@}},)"
    R"({"url":"@v@nch_clm_bene_pmt_amt","valueMoney":{@usd@0}},)"
    R"({"url":"@v@nch_carr_clm_sbmtd_chrg_amt","valueMoney":{@usd@@submitted@}},)"
    R"({"url":"@v@nch_carr_clm_alowd_amt","valueMoney":{@usd@@allowed@}}],"id":"carrier-@claim@",)"
    R"("identifier":[{"system":"@v@clm_id","value":"@claim@"},{"system":"@r@identifier/claim-group","value":"@group@"}],)"
    R"("insurance":{"coverage":{"reference":"Coverage/part-b-@bene@"}},"item":[)";

#define AMOUNT(code, text, field)                                                                    \
  R"({"amount":{@usd@)" field R"(},"category":{"coding":[{"code":"@v@)" code R"(","display":")" text \
  R"(","system":"@r@codesystem/adjudication"}]}})"

constexpr const char* kCarrierLine =
    R"({"adjudication":[{"category":{"coding":[{"code":"@v@carr_line_rdcd_pmt_phys_astn_c",)"
    R"("display":"Carrier Line Reduced Payment Physician Assistant Code","system":"@r@codesystem/adjudication"}]},)"
    R"("reason":{"coding":[{"code":"0","display":"N/A","system":"@v@carr_line_rdcd_pmt_phys_astn_c"}]}},)"
    R"({"amount":{@usd@@line_paid@},"category":{"coding":[{"code":"@v@line_nch_pmt_amt",)"
    R"("display":"Line NCH Medicare Payment Amount","system":"@r@codesystem/adjudication"}]},)"
    R"("extension":[{"url":"@v@line_pmt_80_100_cd","valueCoding":{"code":"0","display":"80%","system":"@v@line_pmt_80_100_cd"}}]},)"
    AMOUNT("line_bene_pmt_amt", "Line Payment Amount to Beneficiary", "0") ","
    AMOUNT("line_prvdr_pmt_amt", "Line Provider Payment Amount", "@line_paid@") ","
    AMOUNT("line_bene_ptb_ddctbl_amt", "Line Beneficiary Part B Deductible Amount", "@line_deductible@") ","
    AMOUNT("line_bene_prmry_pyr_pd_amt", "Line Primary Payer (if not Medicare) Paid Amount", "0") ","
    AMOUNT("line_coinsrnc_amt", "Line Beneficiary Coinsurance Amount", "@line_coinsurance@") ","
    AMOUNT("line_sbmtd_chrg_amt", "Line Submitted Charge Amount", "@line_submitted@") ","
    AMOUNT("line_alowd_chrg_amt", "Line Allowed Charge Amount", "@line_allowed@") ","
    R"({"category":{"coding":[{"code":"@v@line_prcsg_ind_cd","display":"Line Processing Indicator Code",)"
    R"("system":"@r@codesystem/adjudication"}]},"reason":{"coding":[{"code":"A","display":"Allowed","system":"@v@line_prcsg_ind_cd"}]}}],)"
    R"("category":{"coding":[{"code":"1","display":"Medical care","system":"@v@line_cms_type_srvc_cd"}]},"diagnosisLinkId":[1],)"
    R"("extension":[{"url":"@v@carr_line_mtus_cd","valueCoding":{"code":"3","display":"Services","system":"@v@carr_line_mtus_cd"}},)"
    R"({"url":"@v@carr_line_mtus_cnt","valueQuantity":{"value":1}},)"
    R"({"url":"@v@betos_cd","valueCoding":{"code":"@betos@","display":"@betos_text@","system":"@v@betos_cd"}},)"
    R"({"url":"@v@line_service_deductible","valueCoding":{"code":"0","display":"Service Subject to Deductible",)"
    R"("system":"@v@line_service_deductible"}}],)"
    R"("locationCodeableConcept":{"coding":[{"code":"@place@","display":"@place_text@","system":"@v@line_place_of_srvc_cd"}],)"
    R"("extension":[{"url":"@v@prvdr_state_cd","valueCoding":{"code":"@state@","system":"@v@prvdr_state_cd"}},)"
    R"({"url":"@v@prvdr_zip","valueCoding":{"code":"@zip@","system":"@v@prvdr_zip"}},)"
    R"({"url":"@v@carr_line_prcng_lclty_cd","valueCoding":{"code":"99","system":"@v@carr_line_prcng_lclty_cd"}}]},)"
    R"("quantity":{"value":1},"sequence":@number@,)"
    R"("service":{"coding":[{"code":"@service@","system":"@r@codesystem/hcpcs","version":"1"}]},)"
    R"("servicedPeriod":{"end":"@line_start@","start":"@line_start@"}})";

constexpr const char* kCarrierTail =
    R"(],"patient":{"reference":"Patient/@bene@"},"payment":{"amount":{@usd@@paid@}},"resourceType":"ExplanationOfBenefit",)"
    R"("status":"active","type":{"coding":[{"code":"@claim_type@","display":"@claim_type_text@","system":"@v@nch_clm_type_cd"},)"
    R"({"code":"CARRIER","system":"@r@codesystem/eob-type"},)"
    R"({"code":"professional","display":"Professional","system":"http://hl7.org/fhir/ex-claimtype"},)"
    R"~({"code":"O","display":"Part B physician/supplier claim record (processed by local carriers; can include DMEPOS services)",)~"
    R"("system":"@v@nch_near_line_rec_ident_cd"}]}})"
    "\n";

constexpr const char* kInpatientMiddle =
    R"(],"extension":[{"url":"@v@nch_clm_pmt_amt","valueMoney":{@usd@@paid@}},)"
    R"({"url":"@v@nch_bene_ip_ddctbl_amt","valueMoney":{@usd@@deductible@}},)"
    R"({"url":"@v@nch_bene_pta_coinsrnc_lblty_am","valueMoney":{@usd@@coinsurance@}},)"
    R"({"url":"@v@clm_tot_chrg_amt","valueMoney":{@usd@@submitted@}},)"
    R"({"url":"@v@clm_drg_cd","valueCoding":{"code":"@drg@","display":"@drg_text@","system":"@v@clm_drg_cd"}}],)"
    R"("hospitalization":{"end":"@end@","start":"@start@"},"id":"inpatient-@claim@",)"
    R"("identifier":[{"system":"@v@clm_id","value":"@claim@"},{"system":"@r@identifier/claim-group","value":"@group@"}],)"
    R"("insurance":{"coverage":{"reference":"Coverage/part-a-@bene@"}},"item":[)";

constexpr const char* kInpatientLine = R"({"adjudication":[)" AMOUNT(
    "rev_cntr_tot_chrg_amt", "Revenue Center Total Charge Amount",
    "@line_submitted@") "," AMOUNT("rev_cntr_pmt_amt_amt", "Revenue Center (Medicare) Payment Amount",
                                   "@line_paid@") R"(],"locationAddress":{"state":"@state@"},"quantity":{"value":@quantity@},)"
                                                  R"("revenue":{"coding":[{"code":"@service@","system":"@v@rev_cntr"}]},"sequence":@number@})";

constexpr const char* kInpatientTail =
    R"(],"organization":{"identifier":{"system":"http://hl7.org/fhir/sid/us-npi","value":"@npi@"}},)"
    R"("patient":{"reference":"Patient/@bene@"},"payment":{"amount":{@usd@@paid@}},"resourceType":"ExplanationOfBenefit",)"
    R"("status":"active","type":{"coding":[{"code":"60","display":"Inpatient claim","system":"@v@nch_clm_type_cd"},)"
    R"({"code":"INPATIENT","system":"@r@codesystem/eob-type"},)"
    R"({"code":"institutional","display":"Institutional","system":"http://hl7.org/fhir/ex-claimtype"},)"
    R"({"code":"V","display":"Part A institutional claim record (inpatient [IP], skilled nursing facility [SNF], hospice [HOS], )"
    R"~(or home health agency [HHA])","system":"@v@nch_near_line_rec_ident_cd"}]}})~"
    "\n";

constexpr const char* kDrug =
    R"({"id":"pde-@claim@","identifier":[{"system":"@v@pde_id","value":"@claim@"},)"
    R"({"system":"@r@identifier/claim-group","value":"@group@"},{"system":"@v@rx_srvc_rfrnc_num","value":"@group@"}],)"
    R"("insurance":{"coverage":{"reference":"Coverage/part-d-@bene@"}},"item":[{"adjudication":[)" AMOUNT(
        "cvrd_d_plan_pd_amt", "Amount paid by Part D plan for the PDE (drug is covered by Part D)",
        "@paid@") "," AMOUNT("ptnt_pay_amt", "Amount Paid by Patient",
                             "@coinsurance@") "," AMOUNT("tot_rx_cst_amt", "Total Prescription Cost",
                                                         "@allowed@") R"(],"detail":[{"type":{"coding":[{"code":"RXDINV","display":"Rx dispense invoice","system":"http://hl7.org/fhir/v3/ActCode"}]}}],)"
                                                                      R"("quantity":{"extension":[{"url":"@v@fill_num","valueQuantity":{"value":@number@}},)"
                                                                      R"({"url":"@v@days_suply_num","valueQuantity":{"value":@days_supply@}}],"value":@quantity@},"sequence":1,)"
                                                                      R"("service":{"coding":[{"code":"@ndc@","system":"http://hl7.org/fhir/sid/ndc"}]},"servicedDate":"@start@"}],)"
                                                                      R"("organization":{"identifier":{"system":"http://hl7.org/fhir/sid/us-npi","value":"@npi@"}},)"
                                                                      R"("patient":{"reference":"Patient/@bene@"},"resourceType":"ExplanationOfBenefit","status":"active",)"
                                                                      R"("type":{"coding":[{"code":"PDE","system":"@r@codesystem/eob-type"},)"
                                                                      R"({"code":"pharmacy","display":"Pharmacy","system":"http://hl7.org/fhir/ex-claimtype"}]}})"
                                                                      "\n";

}  // namespace

const Templates& templates() {
  static const auto* all =
      new Templates{cut(kPatient),         cut(kPartA),         cut(kPartB),          cut(kPartD),
                    cut(kFailure),         cut(kDiagnosis),     cut(kFirstDiagnosis), cut(kClaimHead),
                    cut(kCarrierMiddle),   cut(kCarrierLine),   cut(kCarrierTail),    cut(kClaimHead),
                    cut(kInpatientMiddle), cut(kInpatientLine), cut(kInpatientTail),  cut(kDrug)};
  return *all;
}

}  // namespace libbcda::sandbox
