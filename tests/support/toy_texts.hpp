#pragma once

#include "support/temporary_folder.hpp"

namespace attune::testing {

/// Writes small tasks, in the form of their publishers, that a tiny encoder learns:
///
///     sst2   96/32/32 sentences that a word decides
///     sick   96/32/32 pairs: the same, denied, or something else
///     rte    96/32 pairs and a test part without labels
///     mrpc   80/24 pairs, no validation part
///     stsb   64/24/24 pairs, 0 or 5
///     swag   48/16 questions of four endings
///     squad  40/16 questions, squad2 with every other one that has no answer
///     uci/imdb  40 sentences like those of sst2
void write_toy_texts(const TemporaryFolder& folder);

}  // namespace attune::testing
