// The kinds of faults, and the requests that they affect unless a fault says otherwise.
#include "fault_table.hpp"

#include <array>

namespace libbcda::sandbox {
namespace {

using enum FaultKind;

constexpr std::array<FaultRow, 52> kRows{{
    {status, "status", "status", nullptr, "",
     "answers with this status; :retry_after= adds that header, :body= a text"},
    {revoke, "revoke", "", "", "GET ", "revokes every token issued so far, so that this request gets a 401"},
    {html, "html", "", "", kStatus, "answers 200 with a web page, as a proxy's log-in page does"},
    {huge_header, "huge-header", "size", "1MiB", "", "adds a header of this size"},
    {no_answer, "no-answer", "", "", "", "closes the connection without a byte"},
    {delay, "delay", "duration", nullptr, "", "waits this long before it answers"},
    {reset, "reset", "", "", kFiles, "resets the connection at byte :at= of the body"},
    {truncate, "truncate", "", "", kFiles, "closes the connection cleanly at byte :at= of the body"},
    {stall, "stall", "", "", kFiles, "stops sending at byte :at= of the body for the duration :for="},
    {drip, "drip", "size", nullptr, kFiles, "sends this many bytes per second"},
    {flip, "flip", "", "", kFiles, "flips a bit in byte :at= of the file"},
    {plaintext, "plaintext", "", "", kFiles, "serves the file in plaintext although the manifest has a key for it"},
    {ignore_range, "ignore-range", "", "", kFiles, "answers a Range request with 200 and the whole file"},
    {job_fails, "job-fails", "", "", kKickOffs, "the job ends with a 500"},
    {job_hangs, "job-hangs", "", "", kKickOffs, "the job stays at In Progress (100%)"},
    {job_expires, "job-expires", "", "", kKickOffs, "the job expires (410) as soon as it is finished"},
    {job_empty, "job-empty", "", "", kKickOffs, "the job finishes without a file: output is null or []"},
    {job_grows, "job-grows", "", "", kKickOffs, "the first manifest lacks the last file, later ones have it"},
    {no_location, "no-location", "", "", kKickOffs, "the kick-off's 202 has no Content-Location"},
    {not_json, "not-json", "", "", kStatus, "the JSON of the manifest is truncated"},
    {no_key, "no-key", "", "", kStatus, "output items have no encryptedKey (KeyMap still has them)"},
    {no_keymap, "no-keymap", "", "", kStatus, "the manifest has no KeyMap; with no-key too, files have no key at all"},
    {keys_differ, "keys-differ", "", "", kStatus, "KeyMap has another key than encryptedKey"},
    {wrong_key, "wrong-key", "", "", kStatus, "the wrapped key unwraps to a wrong key"},
    {wrong_label, "wrong-label", "", "", kStatus, "the OAEP label of the wrapped key is another file name"},
    {other_origin, "other-origin", "text", "https://files.example.org", kStatus, "file URLs are on this other origin"},
    {plain_http, "plain-http", "", "", kStatus, "file URLs are http:// although the sandbox uses TLS"},
    {traversal, "traversal", "", "", kStatus, "file names contain path traversal (..%2f..%2f)"},
    {wrong_count, "wrong-count", "", "", kStatus, "each file of the manifest has the count 1"},
    {null_output, "null-output", "", "", kStatus, "the manifest's output is null"},
    {bare_manifest, "bare-manifest", "", "", kStatus, "the manifest has no requiresAccessToken, error and request"},
    {relative_urls, "relative-urls", "", "", kStatus, "file URLs are relative"},
    {wrong_type, "wrong-type", "", "", kStatus, "each file of the manifest has the type Basic"},
    {relative_location, "relative-location", "", "", kKickOffs, "Content-Location is relative"},
    {two_documents, "two-documents", "", "", kStatus, "the body comes twice, as two JSON documents"},
    {parameters_body, "parameters-body", "", "", kStatus, "a 202 has a FHIR Parameters resource as its body"},
    {expires_in, "expires-in", "text", "none", kTokens,
     "the token's expires_in is this JSON value; none: it is missing"},
    {header, "header", "text", nullptr, "",
     "sets a header: NAME=VALUE, without a value to remove it; epoch+N, epoch-ms+N or date+N is a time in N seconds"},
    {bom, "bom", "", "", kFiles, "a byte order mark before the first line"},
    {crlf, "crlf", "", "", kFiles, "lines end with CR and LF"},
    {blank_lines, "blank-lines", "", "", kFiles, "empty lines and lines with a blank"},
    {no_final_newline, "no-final-newline", "", "", kFiles, "the last line has no end"},
    {cut_line, "cut-line", "", "", kFiles, "the last line is not whole"},
    {outcome_file, "outcome-file", "", "", kFiles, "an OperationOutcome instead of the data"},
    {binary_json, "binary-json", "", "", kFiles, "a FHIR Binary in JSON that holds the data"},
    {binary_xml, "binary-xml", "", "", kFiles, "a FHIR Binary in XML that holds the data"},
    {gzip_claimed, "gzip-claimed", "", "", kFiles, "Content-Encoding says gzip, but the body is plain"},
    {gzip_hidden, "gzip-hidden", "", "", kFiles, "the body is gzip, but no Content-Encoding says it"},
    {gzip_members, "gzip-members", "", "", kFiles, "gzip in two members, and an empty one at the end"},
    {gzip_cut, "gzip-cut", "", "", kFiles, "gzip whose end is missing; the length is that of what is sent"},
    {not_found_with_data, "not-found-with-data", "", "", kFiles, "404 with an OperationOutcome and then the data"},
    {redirect_away, "redirect", "status", "302", kFiles, "redirects to a signed URL at another origin"},
}};

std::string_view path_of(std::string_view request) {
  const std::size_t blank = request.find(' ');
  if (blank == std::string_view::npos) return "";
  request.remove_prefix(blank + 1);
  return request.substr(0, request.find('?'));
}

bool holds_any(std::string_view path, std::initializer_list<std::string_view> parts) {
  for (std::string_view part : parts)
    if (path.find(part) != std::string_view::npos) return true;
  return false;
}

}  // namespace

std::span<const FaultRow> fault_rows() { return kRows; }

bool is_file_request(std::string_view request) {
  return request.starts_with("GET ") &&
         holds_any(path_of(request), {"/data/", "/bulkfiles/", "/file/", "/Data/", "/Binary/"});
}

bool is_status_request(std::string_view request) {
  const std::string_view path = path_of(request);
  return request.starts_with("GET ") &&
         (holds_any(path, {"/jobs/", "/bulkstatus/", "/Jobs/", "/$export-poll-status"}) || path.ends_with("/$status"));
}

bool is_kick_off(std::string_view request) { return path_of(request).ends_with("/$export"); }

bool is_token_request(std::string_view request) {
  const std::string_view path = path_of(request);
  return request.starts_with("POST ") && (path.ends_with("/token") || path.ends_with("/Token/auth"));
}

}  // namespace libbcda::sandbox
