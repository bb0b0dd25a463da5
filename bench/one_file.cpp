// Times one export of one small file, or only the requests that it needs, and prints the seconds.
//   bench_one_file export|requests SETTINGS
// SETTINGS is the JSON text of a configuration file. The requests go one after another through one connection, by OpenSSL's
// blocking calls: the token, the kick-off, the manifest and the file. The connection counts in both cases.
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <bcda/bcda.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

namespace json = boost::json;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class Connection {
 public:
  Connection(const std::string& address, const std::string& ca_file) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    bio_.reset(BIO_new_ssl_connect(context_.get()));
    BIO_set_conn_hostname(bio_.get(), address.c_str());
    if (BIO_do_connect(bio_.get()) != 1) throw std::runtime_error("cannot connect");
  }

  // Sends one request, and reads the answer to its end.
  void ask(const std::string& method, const std::string& target) {
    const std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    BIO_write(bio_.get(), request.data(), static_cast<int>(request.size()));
    std::string answer;
    while (!is_whole(answer)) {
      char block[16384];
      const int n = BIO_read(bio_.get(), block, sizeof block);
      if (n <= 0) throw std::runtime_error(target + ": no whole answer");
      answer.append(block, static_cast<std::size_t>(n));
    }
    if (answer.compare(9, 1, "2") != 0) throw std::runtime_error(target + ": " + answer.substr(0, 15));
  }

 private:
  static bool is_whole(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n"), length = answer.find("Content-Length: ");
    return end != answer.npos && length < end && answer.size() >= end + 4 + std::stoul(answer.substr(length + 16));
  }

  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<BIO, Deleter> bio_;
};

// The path of the only file, from the manifest that bench_seal wrote, is always this one.
constexpr const char* kFile = "/data/1/00000000-0000-4000-8000-000000000000.ndjson";

void send_requests(const json::object& settings) {
  const std::string url(settings.at("url").as_string());
  Connection connection(url.substr(url.find("//") + 2), std::string(settings.at("ca_file").as_string()));
  connection.ask("POST", "/auth/token");
  connection.ask("GET", "/api/v1/ExplanationOfBenefit/$export");
  connection.ask("GET", "/api/v1/jobs/1");
  connection.ask("GET", kFile);
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) throw std::runtime_error("usage: bench_one_file export|requests SETTINGS");
  if (std::string(argv[1]) == "requests") {
    const json::object settings = json::parse(argv[2]).as_object();
    std::cout << seconds([&] { send_requests(settings); }) << "\n";
    return 0;
  }
  bcda::Config config;
  config.load_json(argv[2]);
  bcda::Client client(config);
  std::cout << seconds([&] {
    bcda::Run run = client.start_export();
    run.wait();
    static_cast<void>(run.result());
  }) << "\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_one_file: " << error.what() << "\n";
  return 1;
}
