#include "tables/resource_types.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/nearest.hpp"
#include "base/quote.hpp"

namespace libbcda::tables {
namespace {

// hl7.org/fhir/STU3/resourcelist.html, hl7.org/fhir/R4/resourcelist.html and hl7.org/fhir/R5/resourcelist.html, sorted.
const std::vector<std::string>& resource_types() {
  static const std::vector<std::string> types = {
      // clang-format off
      "Account", "ActivityDefinition", "ActorDefinition", "AdministrableProductDefinition", "AdverseEvent",
      "AllergyIntolerance", "Appointment", "AppointmentResponse", "ArtifactAssessment", "AuditEvent", "Basic",
      "Binary", "BiologicallyDerivedProduct", "BiologicallyDerivedProductDispense", "BodySite", "BodyStructure",
      "Bundle", "CapabilityStatement", "CarePlan", "CareTeam", "CatalogEntry", "ChargeItem", "ChargeItemDefinition",
      "Citation", "Claim", "ClaimResponse", "ClinicalImpression", "ClinicalUseDefinition", "CodeSystem",
      "Communication", "CommunicationRequest", "CompartmentDefinition", "Composition", "ConceptMap", "Condition",
      "ConditionDefinition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest",
      "CoverageEligibilityResponse", "DataElement", "DetectedIssue", "Device", "DeviceAssociation", "DeviceComponent",
      "DeviceDefinition", "DeviceDispense", "DeviceMetric", "DeviceRequest", "DeviceUsage", "DeviceUseStatement",
      "DiagnosticReport", "DocumentManifest", "DocumentReference", "EffectEvidenceSynthesis", "EligibilityRequest",
      "EligibilityResponse", "Encounter", "EncounterHistory", "Endpoint", "EnrollmentRequest", "EnrollmentResponse",
      "EpisodeOfCare", "EventDefinition", "Evidence", "EvidenceReport", "EvidenceVariable", "ExampleScenario",
      "ExpansionProfile", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "FormularyItem", "GenomicStudy",
      "Goal", "GraphDefinition", "Group", "GuidanceResponse", "HealthcareService", "ImagingManifest",
      "ImagingSelection", "ImagingStudy", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation",
      "ImplementationGuide", "Ingredient", "InsurancePlan", "InventoryItem", "InventoryReport", "Invoice", "Library",
      "Linkage", "List", "Location", "ManufacturedItemDefinition", "Measure", "MeasureReport", "Media", "Medication",
      "MedicationAdministration", "MedicationDispense", "MedicationKnowledge", "MedicationRequest",
      "MedicationStatement", "MedicinalProduct", "MedicinalProductAuthorization", "MedicinalProductContraindication",
      "MedicinalProductDefinition", "MedicinalProductIndication", "MedicinalProductIngredient",
      "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
      "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "MessageDefinition", "MessageHeader",
      "MolecularSequence", "NamingSystem", "NutritionIntake", "NutritionOrder", "NutritionProduct", "Observation",
      "ObservationDefinition", "OperationDefinition", "OperationOutcome", "Organization", "OrganizationAffiliation",
      "PackagedProductDefinition", "Parameters", "Patient", "PaymentNotice", "PaymentReconciliation", "Permission",
      "Person", "PlanDefinition", "Practitioner", "PractitionerRole", "Procedure", "ProcedureRequest",
      "ProcessRequest", "ProcessResponse", "Provenance", "Questionnaire", "QuestionnaireResponse", "ReferralRequest",
      "RegulatedAuthorization", "RelatedPerson", "RequestGroup", "RequestOrchestration", "Requirements",
      "ResearchDefinition", "ResearchElementDefinition", "ResearchStudy", "ResearchSubject", "RiskAssessment",
      "RiskEvidenceSynthesis", "Schedule", "SearchParameter", "Sequence", "ServiceDefinition", "ServiceRequest",
      "Slot", "Specimen", "SpecimenDefinition", "StructureDefinition", "StructureMap", "Subscription",
      "SubscriptionStatus", "SubscriptionTopic", "Substance", "SubstanceDefinition", "SubstanceNucleicAcid",
      "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation", "SubstanceSourceMaterial",
      "SubstanceSpecification", "SupplyDelivery", "SupplyRequest", "Task", "TerminologyCapabilities", "TestPlan",
      "TestReport", "TestScript", "Transport", "ValueSet", "VerificationResult", "VisionPrescription",
      // clang-format on
  };
  return types;
}

}  // namespace

bool is_resource_type(std::string_view name) {
  return std::binary_search(resource_types().begin(), resource_types().end(), name);
}

std::string unknown_resource_type(std::string_view name) {
  const std::string* similar = nearest(name, resource_types());
  return quote(name) + " is no resource of FHIR" + (similar ? "; did you mean " + quote(*similar) + "?" : "");
}

}  // namespace libbcda::tables
