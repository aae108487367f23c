#pragma once

#include <string>
#include <vector>

#include "data/text/table_task.hpp"
#include "data/text/task_catalogue.hpp"

namespace attune::data {

enum class Encoding { utf8, latin1 };

/// A table in one of several formats.
[[nodiscard]] PartReader table_reader(std::vector<TableFormat> formats);

/// `label blank text` a line. @param written  the labels as the file writes them; empty: whatever
/// the
///                                            first part has, in the order of their names
[[nodiscard]] PartReader label_first_reader(std::vector<std::string> written,
                                            Encoding encoding = Encoding::utf8,
                                            bool coarse = false);

/// A folder with a file of texts a class, `negative` and `positive`, a text a line.
[[nodiscard]] PartReader polarity_reader(std::string negative, std::string positive,
                                         Encoding encoding);

/// A folder with folders neg and pos of files, a text a file (Maas et al., ACL 2011).
[[nodiscard]] PartReader review_folder_reader();

/// A zip archive with FOLDER/neg/ANY.txt and FOLDER/pos/ANY.txt, a text a file.
[[nodiscard]] PartReader review_zip_reader();

/// SNLI and MNLI as objects a line: gold_label, sentence1, sentence2.
[[nodiscard]] PartReader inference_jsonl_reader();

/// HellaSWAG: objects a line with ctx_a, ctx_b, endings and label.
[[nodiscard]] PartReader hellaswag_reader();

/// The member `file` of a zip archive of RTE 1 to 3: <pair> with <t> and <h>.
[[nodiscard]] PartReader rte_xml_reader();

/// The one of two readers that the file's name asks for: by its ending .jsonl, or not.
[[nodiscard]] PartReader by_ending(PartReader jsonl, PartReader other);

}  // namespace attune::data
