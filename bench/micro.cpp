// Google Benchmark: what touches each byte of a file, and what each file costs once.
#include <benchmark/benchmark.h>
#include <openssl/rand.h>
#include <zlib.h>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdlib>
#include <string>

#include "bulk/manifest.hpp"
#include "codec/gunzip.hpp"
#include "crypto/digest.hpp"
#include "crypto/gcm.hpp"
#include "ndjson/counter.hpp"
#include "ndjson/plain_check.hpp"
#include "ndjson/reader.hpp"
#include "runtime/file_queue.hpp"
#include "transfer/decoder.hpp"

namespace {

using namespace libbcda;

constexpr std::size_t kBlock = 256 << 10;  // as a download hands them on
constexpr std::size_t kText = 16 << 20;

const std::string& ndjson_text() {
  static const std::string text = [] {
    std::string made;
    for (int i = 0; made.size() < kText; ++i) {
      made +=
          R"({"resourceType":"ExplanationOfBenefit","id":"carrier-)" + std::to_string(1000000000 + i) + R"(","item":[)";
      for (int j = 0; j < 40; ++j)
        made += R"({"sequence":)" + std::to_string(j) + R"(,"adjudication":[{"amount":{"value":)" +
                std::to_string((i * 31 + j * 7) % 9973) + R"(,"currency":"USD"}}]},)";
      made.back() = ']';
      made += "}\n";
    }
    return made;
  }();
  return text;
}

template <class Take>
void in_blocks(std::string_view text, Take take) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kBlock))) take(as_bytes(text.substr(0, kBlock)));
}

void count_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * each));
}

const crypto::FileKey& file_key() {
  static const crypto::FileKey key;
  return key;
}

// nonce || ciphertext || tag of the text.
const Bytes& sealed() {
  static const Bytes made = [] {
    Bytes out(crypto::kNonceSize);
    crypto::Sealer sealer(file_key(), out);
    out.resize(crypto::kNonceSize + ndjson_text().size());
    sealer.update(as_bytes(ndjson_text()), MutableBytes(out).subspan(crypto::kNonceSize));
    const auto tag = sealer.finish();
    out.insert(out.end(), tag.begin(), tag.end());
    return out;
  }();
  return made;
}

const std::string& packed() {
  static const std::string made = [] {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, kText * 2), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(ndjson_text().data()));
    stream.avail_in = static_cast<uInt>(ndjson_text().size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  }();
  return made;
}

class Nowhere : public transfer::Writer {
 public:
  void write(ByteView bytes) override { benchmark::DoNotOptimize(bytes.data()); }
  std::string commit(std::int64_t, const std::string&) override { return ""; }
};

void gcm(benchmark::State& state) {
  Bytes out(kBlock + crypto::kTagSize);
  for (auto _ : state) {
    crypto::Opener opener(file_key());
    in_blocks(as_text(sealed()), [&](ByteView block) { opener.update(block, out); });
    opener.finish();
  }
  count_bytes(state, sealed().size());
}
BENCHMARK(gcm);

void sha256(benchmark::State& state) {
  for (auto _ : state) {
    crypto::Sha256 digest;
    in_blocks(ndjson_text(), [&](ByteView block) { digest.update(block); });
    benchmark::DoNotOptimize(digest.finish());
  }
  count_bytes(state, ndjson_text().size());
}
BENCHMARK(sha256);

void count_records(benchmark::State& state) {
  for (auto _ : state) {
    ndjson::Counter counter;
    in_blocks(ndjson_text(), [&](ByteView block) { counter.update(block); });
    benchmark::DoNotOptimize(counter.records());
  }
  count_bytes(state, ndjson_text().size());
}
BENCHMARK(count_records);

void check_plaintext(benchmark::State& state) {
  for (auto _ : state) {
    ndjson::PlainCheck check;
    in_blocks(ndjson_text(), [&](ByteView block) { check.update(block); });
    check.finish();
  }
  count_bytes(state, ndjson_text().size());
}
BENCHMARK(check_plaintext);

void scan_lines(benchmark::State& state) {
  for (auto _ : state) {
    std::string_view rest = ndjson_text();
    ndjson::Reader reader(
        [&](MutableBytes room) {
          const std::size_t n = std::min(room.size(), rest.size());
          std::copy_n(rest.begin(), n, room.begin());
          rest.remove_prefix(n);
          return n;
        },
        "text");
    while (const auto line = reader.next()) benchmark::DoNotOptimize(line->data());
  }
  count_bytes(state, ndjson_text().size());
}
BENCHMARK(scan_lines);

// Of what it unpacks to.
void gunzip(benchmark::State& state) {
  for (auto _ : state) {
    codec::Gunzip unpacker;
    in_blocks(packed(), [&](ByteView block) {
      unpacker.feed(block, [](ByteView plain) { benchmark::DoNotOptimize(plain.data()); });
    });
    unpacker.finish();
  }
  count_bytes(state, ndjson_text().size());
}
BENCHMARK(gunzip);

// All that a worker does with an encrypted file but writing: GCM, SHA-256 and counting.
void decode_encrypted(benchmark::State& state) {
  for (auto _ : state) {
    Nowhere writer;
    transfer::Decoder decoder({.key = file_key()}, writer);
    in_blocks(as_text(sealed()), [&](ByteView block) { decoder.feed(block); });
    benchmark::DoNotOptimize(decoder.finish());
  }
  count_bytes(state, sealed().size());
}
BENCHMARK(decode_encrypted);

void decode_gzip(benchmark::State& state) {
  for (auto _ : state) {
    Nowhere writer;
    transfer::Decoder decoder({.gzip = true}, writer);
    in_blocks(packed(), [&](ByteView block) { decoder.feed(block); });
    benchmark::DoNotOptimize(decoder.finish());
  }
  count_bytes(state, ndjson_text().size());
}
BENCHMARK(decode_gzip);

void unwrap_key(benchmark::State& state) {
  const auto key = crypto::PrivateKey::generate(static_cast<int>(state.range(0)));
  const Bytes wrapped = crypto::wrap_file_key(file_key(), key.public_pem(), "a.ndjson");
  for (auto _ : state) benchmark::DoNotOptimize(key.unwrap(wrapped, "a.ndjson"));
}
BENCHMARK(unwrap_key)->Arg(2048)->Arg(4096)->Unit(benchmark::kMicrosecond);

// The parser that the client uses, with a head as nginx sends it.
void http_head(benchmark::State& state) {
  namespace http = boost::beast::http;
  const std::string head =
      "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\nContent-Type: "
      "application/fhir+ndjson\r\n"
      "Content-Length: 50000\r\nLast-Modified: Wed, 25 Nov 2026 09:00:00 GMT\r\nConnection: keep-alive\r\n"
      "ETag: \"65f0c3a0-c350\"\r\nAccept-Ranges: bytes\r\n\r\n";
  for (auto _ : state) {
    http::response_parser<http::buffer_body> parser;
    boost::system::error_code ec;
    parser.put(boost::asio::buffer(head), ec);
    benchmark::DoNotOptimize(parser.is_header_done());
  }
}
BENCHMARK(http_head);

// Reads a manifest of so many encrypted files, and plans their download.
void manifest(benchmark::State& state) {
  const std::string key(512, 'a');
  std::string text =
      R"({"transactionTime":"2026-01-01T00:00:00Z","request":"https://localhost/x","requiresAccessToken":true,"output":[)";
  for (std::int64_t i = 0; i < state.range(0); ++i)
    text += std::string(i ? "," : "") + R"({"type":"ExplanationOfBenefit","url":"https://localhost/data/1/)" +
            std::to_string(i) + R"(.ndjson","encryptedKey":")" + key + R"("})";
  text += R"(],"error":[]})";
  const http::Url base = http::parse_url("https://localhost/api/v1/jobs/1", "the base");
  for (auto _ : state) {
    bulk::ManifestReader reader(base);
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 65536)))
      reader.feed(rest.substr(0, 65536));
    runtime::FileQueue queue;
    queue.add(runtime::all_files(reader.finish()), "");
    benchmark::DoNotOptimize(queue.waiting());
  }
  count_bytes(state, text.size());
}
BENCHMARK(manifest)->Arg(1000)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
