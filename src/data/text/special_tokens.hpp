#pragma once

#include <array>
#include <string_view>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/tokenizer.hpp>

namespace attune::data {

/// Names of the special tokens of a family of models.
struct SpecialNames {
  std::string_view pad, unk, cls, sep, mask;
};
inline constexpr SpecialNames kBertNames{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
inline constexpr SpecialNames kRobertaNames{"<pad>", "<unk>", "<s>", "</s>", "<mask>"};
inline constexpr SpecialNames kAlbertNames{"<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"};

/// The numbers of these tokens, by `find(name)`, an optional. The mask may be missing.
/// @throws InvalidArgument  another one is missing
template <class Find>
SequenceForm find_special_tokens(const char* who, const SpecialNames& names, const Find& find) {
  const auto required = [&](std::string_view name) {
    const auto id = find(name);
    if (!id) {
      throw InvalidArgument(core::text(who, ": expected a vocabulary with ", name, ", found none"));
    }
    return *id;
  };
  return {.pad = required(names.pad),
          .unk = required(names.unk),
          .cls = required(names.cls),
          .sep = required(names.sep),
          .mask = find(names.mask).value_or(-1)};
}

[[nodiscard]] inline bool is_special(const SequenceForm& form, std::int32_t id) {
  return id == form.pad || id == form.cls || id == form.sep || id == form.mask;
}

}  // namespace attune::data
