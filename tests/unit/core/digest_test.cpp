#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <attune/core/digest.hpp>

using attune::core::Sha256;
using attune::core::sha256;

// The vectors are those of FIPS 180-4's examples.
TEST_CASE("sha256: meets the published examples", "[core][digest]") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("Sha256: pieces count as one, and hex() may be asked in between", "[core][digest]") {
  const std::string_view bytes = "the quick brown fox jumps over the lazy dog, twice and again....";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Sha256 digest;
    digest.update(bytes.substr(0, cut));
    CHECK(digest.hex() == sha256(bytes.substr(0, cut)));
    digest.update(bytes.substr(cut));
    CHECK(digest.hex() == sha256(bytes));
  }
}
