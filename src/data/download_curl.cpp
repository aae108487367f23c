#include <memory>

#include <curl/curl.h>

#include "data/download.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>

namespace attune::data {

using core::text;

namespace {

struct Received {
  std::string bytes;
  std::int64_t max_bytes = 0;
  bool too_long = false;
};

struct CloseHandle {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;

// libcurl calls it from C: nothing may be thrown, and a short count stops the transfer.
std::size_t receive(const char* data, std::size_t size, std::size_t count, void* target) noexcept {
  auto* received = static_cast<Received*>(target);
  const std::size_t length = size * count;
  if (static_cast<std::int64_t>(received->bytes.size() + length) > received->max_bytes) {
    received->too_long = true;
    return 0;
  }
  try {
    received->bytes.append(data, length);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return length;
}

Handle open_handle(const std::string& url) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  Handle handle(initialised == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle) {
    throw FileError(url, "cannot download: libcurl does not start");
  }
  return handle;
}

void set_options(CURL* handle, const std::string& url, Received& received, char* reason) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http,file");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "attune/" ATTUNE_VERSION);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, 20L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1000L);  // bytes a second
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, 30L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, 600L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // a library may not touch signal handlers
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
}

}  // namespace

std::string download(const std::string& url, std::int64_t max_bytes) {
  const Handle handle = open_handle(url);
  Received received{.bytes = {}, .max_bytes = max_bytes};
  char reason[CURL_ERROR_SIZE] = "";
  set_options(handle.get(), url, received, reason);
  const CURLcode result = curl_easy_perform(handle.get());
  if (received.too_long) {
    throw FileError(url, text("expected at most ", max_bytes, " bytes, found more"));
  }
  if (result != CURLE_OK) {
    const char* why = reason[0] != '\0' ? reason : curl_easy_strerror(result);
    throw FileError(url, text("cannot download: ", why));
  }
  return std::move(received.bytes);
}

}  // namespace attune::data
