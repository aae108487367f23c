#include "data/published_npz.hpp"

#include <algorithm>

namespace attune::data {

namespace {

constexpr std::string_view kHeterophilousUrl =
    "https://raw.githubusercontent.com/yandex-research/heterophilous-graphs/main/data";
constexpr std::string_view kGraphDataUrl =
    "https://raw.githubusercontent.com/EdisonLeeeee/GraphData/master/datasets";
constexpr std::string_view kGnnBenchmarkUrl =
    "https://raw.githubusercontent.com/shchur/gnn-benchmark/master/data/npz";

}  // namespace

const std::array<PublishedNpz, 13> kPublishedNpz{{
    {"texas", "heterophilous/texas.npz", kHeterophilousUrl, 28586,
     "b164b99e6c3d43e4ab07488ec59bd8c815f90cbc1bd4cf425ce587d2b534d844",
     "183 web pages of 5 kinds, 279 links, 1,703 words; 10 splits"},
    {"cornell", "heterophilous/cornell.npz", kHeterophilousUrl, 30515,
     "684c54ba3daa13b0ba1f04a3d6dd1b1175c1ae9bdeb982851fd4ff96d3aac298",
     "183 web pages of 5 kinds, 277 links, 1,703 words; 10 splits"},
    {"wisconsin", "heterophilous/wisconsin.npz", kHeterophilousUrl, 41672,
     "2543c89838cfc75f737f7c4664cc1d097f8268602c20b2d1bd4f21407df9c074",
     "251 web pages of 5 kinds, 450 links, 1,703 words; 10 splits"},
    {"actor", "heterophilous/actor.npz", kHeterophilousUrl, 252956,
     "c350eef06b2c2a9bf8218be2b57cac6d4003d0922eb597a039e9123f75817816",
     "7,600 actors of 5 kinds, 26,659 shared pages, 932 words; 10 splits"},
    {"chameleon", "heterophilous/chameleon.npz", kHeterophilousUrl, 177840,
     "4c640bd2877fc4f9f101531e2f977bc16445a54e09a5cb01178df608e552f3fd",
     "2,277 articles by traffic (5), 31,371 links, 2,325 words; 10 splits"},
    {"chameleon_filtered", "heterophilous/chameleon_filtered.npz", kHeterophilousUrl, 58924,
     "bf46f07e1fb5249280447e5fe3100f3e82fc4b93ad1e13ffcfdec924b6ac0bb5",
     "chameleon without repeated nodes: 890, 8,854 links; 10 splits"},
    {"squirrel", "heterophilous/squirrel.npz", kHeterophilousUrl, 704277,
     "d436e3b42c0546b105241c0ab0766097074e68e55f67b133eeb9b0162e55cbd9",
     "5,201 articles by traffic (5), 198,353 links, 2,089 words; 10 splits"},
    {"minesweeper", "heterophilous/minesweeper.npz", kHeterophilousUrl, 135045,
     "e664c8dacf1e8ac466c2c09ed4b237bd2c5541f47a6eae9c6092cb87f16412b3",
     "10,000 cells of a grid, mine or not, 39,402 edges, 7 features; 10 splits"},
    {"amazon_photo", "npz/amazon_photo.npz", kGraphDataUrl, 1772672,
     "bdb98b54cd3125bfa69b23ba0aae84fabcb770c6727175b8f6eb1d64f3be4b2b",
     "7,650 goods of 8 kinds, 119,081 bought together, 745 words; no split"},
    {"amazon_cs", "npz/amazon_cs.npz", kGraphDataUrl, 3410531,
     "a6942db609f196b53503d91b99a02ad8d052d5d9be8ef41db976fb65f66ed1f3",
     "13,752 goods of 10 kinds, 245,861 bought together, 767 words; no split"},
    {"coauthor_cs", "npz/coauthor_cs.npz", kGraphDataUrl, 2800548,
     "7b7b51bf270d341f1c4231834c58a526bb04db003fd76a6d2f51ad7d252005ed",
     "18,333 authors of 15 fields, 81,894 joint papers, 6,805 words; no split"},
    {"gnn-benchmark/cora", "npz/gnn-benchmark/cora.npz", kGnnBenchmarkUrl, 540580,
     "068e22d90c3849b4057dfb05851741428992af058efcd4e7ebb4186f3d581de2",
     "Cora in another order and without a split, 5,278 citations"},
    {"gnn-benchmark/citeseer", "npz/gnn-benchmark/citeseer.npz", kGnnBenchmarkUrl, 1348784,
     "280278b21b434c047922e8389518861416fb3ad39389c27865ff0e6bbb0aaab7",
     "CiteSeer without its isolated extras: 3,312 papers, 4,536; no split"},
}};

const PublishedNpz* find_published_npz(std::string_view name) {
  const auto* const found =
      std::find_if(kPublishedNpz.begin(), kPublishedNpz.end(),
                   [&](const PublishedNpz& known) { return known.name == name; });
  return found == kPublishedNpz.end() ? nullptr : found;
}

}  // namespace attune::data
