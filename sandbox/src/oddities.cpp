#include "oddities.hpp"

#include <array>

#include "base/json.hpp"
#include "gzip.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

using enum FaultKind;

constexpr const char* kOutcome =
    R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing",)"
    R"("diagnostics":"the file could not be made"}]})";

std::string doubled(const std::string& text, std::string_view what, std::string_view by) {
  std::string out;
  for (char c : text) {
    if (what == std::string_view(&c, 1))
      out += by;
    else
      out += c;
  }
  return out;
}

std::string binary(const std::string& text, bool xml) {
  const std::string data = to_base64(as_bytes(text));
  if (xml)
    return "<Binary xmlns=\"http://hl7.org/fhir\"><contentType value=\"application/fhir+ndjson\"/><data value=\"" +
           data + "\"/></Binary>";
  return R"({"resourceType":"Binary","contentType":"application/fhir+ndjson","data":")" + data + "\"}";
}

std::string in_members(const std::string& text) {
  const std::size_t middle = text.size() / 2;
  return gzip_member(text.substr(0, middle)) + gzip_member(text.substr(middle)) + std::string(empty_gzip_member());
}

std::string without_end(std::string text, std::size_t bytes) {
  text.resize(text.size() - std::min(bytes, text.size()));
  return text;
}

// Changes of the plaintext of a file.
struct TextOddity {
  FaultKind kind;
  std::string (*change)(const std::string& text);
};
constexpr std::array<TextOddity, 8> kTexts{{
    {bom, [](const std::string& text) { return "\xef\xbb\xbf" + text; }},
    {crlf, [](const std::string& text) { return doubled(text, "\n", "\r\n"); }},
    {blank_lines, [](const std::string& text) { return "\n" + doubled(text, "\n", "\n \n\n"); }},
    {no_final_newline, [](const std::string& text) { return without_end(text, 1); }},
    {cut_line, [](const std::string& text) { return without_end(text, 20); }},
    {outcome_file, [](const std::string&) { return std::string(kOutcome) + "\n"; }},
    {binary_json, [](const std::string& text) { return binary(text, false); }},
    {binary_xml, [](const std::string& text) { return binary(text, true); }},
}};

// How a body is packed, whatever the request accepts. The second says whether Content-Encoding is sent.
struct Packing {
  FaultKind kind;
  bool declared;
  std::string (*pack)(const std::string& text);
};
constexpr std::array<Packing, 4> kPackings{{
    {gzip_claimed, true, [](const std::string& text) { return text; }},
    {gzip_hidden, false, [](const std::string& text) { return gzip_member(text); }},
    {gzip_members, true, in_members},
    {gzip_cut, true, [](const std::string& text) { return without_end(gzip_member(text), 6); }},
}};

bool change_text(const Scene& scene, std::string& text) {
  bool changed = false;
  for (const TextOddity& oddity : kTexts) {
    if (!scene.faults.strike(oddity.kind, scene.request.line())) continue;
    text = oddity.change(text);
    changed = true;
  }
  return changed;
}

// A part cannot be changed, so the body is that of the whole file.
void change_file(const Scene& scene, Response& response) {
  const std::string line = scene.request.line();
  const bool packed = response.headers.contains("Content-Encoding");
  std::string text = packed ? gunzip(response.body) : response.body;
  const bool changed = change_text(scene, text);
  const Packing* packing = nullptr;
  for (const Packing& each : kPackings)
    if (scene.faults.strike(each.kind, line)) packing = &each;
  if (!changed && !packing) return;
  response.status = 200;
  for (const char* name : {"Content-Length", "Content-Range", "Content-Encoding"}) response.headers.erase(name);
  response.body = packing ? packing->pack(text) : packed ? gzip_member(text) : text;
  if (packing ? packing->declared : packed) response.headers["Content-Encoding"] = "gzip";
}

// The service writes an error and does not stop.
void refuse_and_send(const Scene& scene, Response& response) {
  if (!scene.faults.strike(not_found_with_data, scene.request.line())) return;
  response.status = 404;
  if (response.headers.erase("Content-Encoding") > 0) response.body = gunzip(response.body);
  response.headers.erase("Content-Length");
  response.headers["Content-Type"] = "application/fhir+json";
  response.body = kOutcome + response.body;
}

void redirect_file(const Scene& scene, Response& response) {
  const auto fault = scene.faults.strike(redirect_away, scene.request.line());
  if (!fault) return;
  response = empty_answer(static_cast<int>(fault->number));
  response.headers["Location"] =
      scene.storage.sign(std::string(scene.request.path()), scene.organization, scene.now + std::chrono::minutes(1));
}

void each_item(json::object& manifest, void (*change)(json::object& item)) {
  json::value* output = manifest.if_contains("output");
  if (!output || !output->is_array()) return;
  for (json::value& item : output->get_array())
    if (item.is_object()) change(item.get_object());
}

void make_relative(json::object& item) {
  const std::string url = string_member(item, "url");
  item["url"] = url.substr(url.find('/', url.find("://") + 3));
}

struct ManifestOddity {
  FaultKind kind;
  void (*change)(json::object& manifest);
};
constexpr std::array<ManifestOddity, 5> kManifests{{
    {null_output, [](json::object& manifest) { manifest["output"] = nullptr; }},
    {bare_manifest,
     [](json::object& manifest) {
       for (const char* name : {"requiresAccessToken", "error", "request", "deleted"}) manifest.erase(name);
     }},
    {relative_urls, [](json::object& manifest) { each_item(manifest, make_relative); }},
    {wrong_type,
     [](json::object& manifest) { each_item(manifest, [](json::object& item) { item["type"] = "Basic"; }); }},
    {wrong_count, [](json::object& manifest) { each_item(manifest, [](json::object& item) { item["count"] = 1; }); }},
}};

void change_manifest(const Scene& scene, Response& response) {
  for (const ManifestOddity& oddity : kManifests) {
    auto manifest = parse_json(response.body);
    if (!manifest || !manifest->is_object() || !manifest->get_object().contains("output")) return;
    if (!scene.faults.strike(oddity.kind, scene.request.line())) continue;
    oddity.change(manifest->get_object());
    response.body = json::serialize(*manifest);
  }
}

void change_expiry(const Scene& scene, Response& response) {
  auto body = parse_json(response.body);
  if (!body || !body->is_object() || !body->get_object().contains("access_token")) return;
  const auto fault = scene.faults.strike(expires_in, scene.request.line());
  if (!fault) return;
  body->get_object().erase("expires_in");
  if (auto value = parse_json(fault->text)) body->get_object()["expires_in"] = *value;
  response.body = json::serialize(*body);
}

void change_location(const Scene& scene, Response& response) {
  const auto found = response.headers.find("Content-Location");
  if (found == response.headers.end() || !scene.faults.strike(relative_location, scene.request.line())) return;
  found->second.erase(0, found->second.find('/', found->second.find("://") + 3));
}

void change_headers(const Scene& scene, Response& response) {
  if (const auto fault = scene.faults.strike(header, scene.request.line())) {
    const std::size_t equals = std::min(fault->text.find('='), fault->text.size());
    const std::string name = fault->text.substr(0, equals);
    response.headers[name] = with_times(fault->text.substr(std::min(equals + 1, fault->text.size())), scene.now);
    if (response.headers[name].empty()) response.headers.erase(name);
  }
}

}  // namespace

std::string with_times(const std::string& text, Time now) {
  const std::size_t plus = text.find('+');
  const auto ahead = plus == std::string::npos ? std::nullopt : parse_integer(text.substr(plus + 1));
  if (!ahead) return text;
  const std::string form = text.substr(0, plus);
  const Time time = now + std::chrono::seconds(*ahead);
  const auto count = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  if (form == "epoch") return std::to_string(count / 1000);
  if (form == "epoch-ms") return std::to_string(count);
  return form == "date" ? http_date(time) : text;
}

void add_oddities(const Scene& scene, Response& response) {
  const bool good = response.status == 200 || response.status == 206;
  if (good && !response.file && is_file_request(scene.request.line())) {
    change_file(scene, response);
    refuse_and_send(scene, response);
  }
  if (good && is_file_request(scene.request.line()) && !scene.request.at_storage) redirect_file(scene, response);
  change_manifest(scene, response);
  change_expiry(scene, response);
  change_location(scene, response);
  if (response.status == 202 && scene.faults.strike(parameters_body, scene.request.line())) {
    response.headers["Content-Type"] = "application/fhir+json";
    response.body = R"({"resourceType":"Parameters","parameter":[{"name":"status","valueString":"in-progress"}]})";
  }
  if (scene.faults.strike(two_documents, scene.request.line())) response.body += response.body;
  change_headers(scene, response);
}

}  // namespace libbcda::sandbox
