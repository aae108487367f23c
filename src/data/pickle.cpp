#include "data/pickle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

static_assert(std::endian::native == std::endian::little, "pickles are read as they lie in memory");

enum class Global : std::uint8_t {
  list,
  default_dict,
  encode,
  reconstruct,
  ndarray,
  dtype,
  matrix
};

struct NamedGlobal {
  std::string_view name;  // module and name as the pickle writes them
  Global global;
};

// What the published files name, and what current Python, numpy and scipy call the same things.
constexpr std::array kGlobals{
    NamedGlobal{"__builtin__ list", Global::list},
    NamedGlobal{"builtins list", Global::list},
    NamedGlobal{"collections defaultdict", Global::default_dict},
    NamedGlobal{"_codecs encode", Global::encode},
    NamedGlobal{"numpy.core.multiarray _reconstruct", Global::reconstruct},
    NamedGlobal{"numpy._core.multiarray _reconstruct", Global::reconstruct},
    NamedGlobal{"numpy ndarray", Global::ndarray},
    NamedGlobal{"numpy dtype", Global::dtype},
    NamedGlobal{"scipy.sparse.csr csr_matrix", Global::matrix},
    NamedGlobal{"scipy.sparse._csr csr_matrix", Global::matrix},
};

struct DType {
  char type;
  std::int64_t item_bytes;
};

// What a small allocation costs besides the bytes asked for.
constexpr std::int64_t kAllocationBytes = 16;

/// A name from a file made fit for a message: short, printable ASCII.
std::string printable(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  std::string out(name.substr(0, kLongest));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name.size() > kLongest ? out + "..." : out;
}

std::string hex_byte(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {'0', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

}  // namespace

const char* to_string(PickleKind kind) noexcept {
  switch (kind) {
    case PickleKind::none:
      return "None";
    case PickleKind::boolean:
      return "a boolean";
    case PickleKind::integer:
      return "an integer";
    case PickleKind::bytes:
      return "bytes";
    case PickleKind::text:
      return "text";
    case PickleKind::tuple:
      return "a tuple";
    case PickleKind::list:
      return "a list";
    case PickleKind::dict:
      return "a dict";
    case PickleKind::array:
      return "an array";
    case PickleKind::matrix:
      return "a csr_matrix";
    case PickleKind::dtype:
      return "a dtype";
    case PickleKind::function:
      return "a global";
  }
  return "an unknown value";
}

/// The stack machine. An opcode either does what is written here or stops the reading.
class Pickle::Interpreter {
 public:
  Interpreter(std::string_view bytes, const std::string& path)
      : bytes_(bytes), path_(path), budget_((std::int64_t{48} << 20U) + 3 * std::ssize(bytes)) {}

  Pickle run() {
    constexpr unsigned char kProto = 0x80;
    if (bytes_.empty() || static_cast<unsigned char>(bytes_[0]) != kProto) {
      fail("expected a pickle of protocol 2 or 3, found ",
           bytes_.empty() ? "an empty file" : "another first byte than 0x80");
    }
    while (!stopped_) {
      opcode_at_ = offset_;
      const auto code = static_cast<unsigned char>(take(1)[0]);
      opcode_ = find_opcode(code);
      if (opcode_ == nullptr) {
        fail("expected a pickle opcode, found the byte ", hex_byte(code));
      }
      if (opcode_->run == nullptr) {
        fail("opcode ", opcode_->name, " is not among those that data files need");
      }
      (this->*opcode_->run)();
    }
    return std::move(pickle_);
  }

 private:
  struct Opcode {
    char code;
    const char* name;
    void (Interpreter::*run)() = nullptr;  // none: known to Python, refused here
  };
  static const std::array<Opcode, 68> kOpcodes;

  static const Opcode* find_opcode(unsigned char code) {
    static const std::array<const Opcode*, 256> table = [] {
      std::array<const Opcode*, 256> by_code{};
      for (const Opcode& opcode : kOpcodes) {
        by_code[static_cast<unsigned char>(opcode.code)] = &opcode;
      }
      return by_code;
    }();
    return table[code];
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, opcode_at_, text(parts...));
  }

  template <class... Parts>
  void expect(bool condition, const Parts&... parts) const {
    if (!condition) {
      fail(opcode_->name, ": expected ", parts...);
    }
  }

  /// Counts what is about to be allocated, so that a small file cannot ask for much.
  void spend(std::int64_t bytes) {
    budget_ -= bytes;
    if (budget_ < 0) {
      fail("the content needs more memory than a file of ", bytes_.size(), " bytes justifies");
    }
  }

  /// Makes room for `count` elements more, counted.
  template <class T>
  void grow(std::vector<T>& vector, std::size_t count) {
    const std::size_t needed = vector.size() + count;
    if (needed > vector.capacity()) {
      const std::size_t capacity = std::max(needed, 2 * vector.capacity());
      spend(static_cast<std::int64_t>((capacity - vector.capacity()) * sizeof(T)));
      vector.reserve(capacity);
    }
  }

  // --- the file ---

  std::string_view take(std::int64_t count) {
    if (count > std::ssize(bytes_) - offset_) {
      const char* who = opcode_ == nullptr || offset_ == opcode_at_ ? "opcode" : opcode_->name;
      fail(who, ": expected ", count, " bytes more at offset ", offset_, ", found ",
           std::ssize(bytes_) - offset_, " (truncated?)");
    }
    const std::string_view taken = bytes_.substr(offset_, count);
    offset_ += count;
    return taken;
  }

  template <class T>
  T take_number() {
    T number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  std::string_view take_line() {
    constexpr std::size_t kLongest = 256;
    const std::size_t length = bytes_.substr(offset_, kLongest).find('\n');
    expect(length != std::string_view::npos, "a name of at most ", kLongest,
           " characters and a line feed");
    const std::string_view line = take(static_cast<std::int64_t>(length));
    take(1);
    return line;
  }

  // --- the stack ---

  void push(PickleValue value) {
    grow(stack_, 1);
    stack_.push_back(value);
  }
  void push(PickleKind kind, std::int64_t number) { push(PickleValue{kind, number}); }

  /// Position of the first value above the topmost mark.
  [[nodiscard]] std::int64_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  [[nodiscard]] PickleValue& top() {
    expect(std::ssize(stack_) > floor(), "a value on the stack, found none");
    return stack_.back();
  }

  PickleValue pop() {
    const PickleValue value = top();
    stack_.pop_back();
    return value;
  }

  /// Takes the topmost mark away. What was above it stays for the caller to deal with.
  std::int64_t pop_mark() {
    expect(!marks_.empty(), "a mark on the stack, found none");
    const std::int64_t base = marks_.back();
    marks_.pop_back();
    return base;
  }

  void drop(std::int64_t base) { stack_.resize(static_cast<std::size_t>(base)); }

  // --- objects ---

  void push_sequence(PickleKind kind, std::vector<PickleValue> items) {
    spend(static_cast<std::int64_t>(items.capacity() * sizeof(PickleValue)) + kAllocationBytes);
    grow(pickle_.sequences_, 1);
    push(kind, std::ssize(pickle_.sequences_));
    pickle_.sequences_.push_back(std::move(items));
  }

  void push_string(PickleKind kind, std::string_view string) {
    grow(pickle_.strings_, 1);
    push(kind, std::ssize(pickle_.strings_));
    pickle_.strings_.push_back(string);
  }

  std::vector<PickleValue>& sequence(PickleValue value) { return pickle_.sequences_[value.number]; }

  [[nodiscard]] bool is_string(PickleValue value) const {
    return value.kind == PickleKind::bytes || value.kind == PickleKind::text;
  }

  [[nodiscard]] bool is_global(PickleValue value, Global global) const {
    return value.kind == PickleKind::function && static_cast<Global>(value.number) == global;
  }

  /// Moves what is above `base` into the container right below it.
  void append(PickleKind kind, const char* what, std::int64_t base) {
    expect(base > floor(), what, " below the items, found none");
    const PickleValue target = stack_[base - 1];
    expect(target.kind == kind, what, " below the items, found ", to_string(target.kind));
    std::vector<PickleValue>& items = sequence(target);
    grow(items, stack_.size() - static_cast<std::size_t>(base));
    items.insert(items.end(), stack_.begin() + base, stack_.end());
    drop(base);
  }

  // --- opcodes: constants ---

  void proto() {
    const auto version = take_number<std::uint8_t>();
    expect(version == 2 || version == 3, "protocol 2 or 3, found ", version);
  }
  void mark() {
    grow(marks_, 1);
    marks_.push_back(std::ssize(stack_));
  }
  void none() { push(PickleKind::none, 0); }
  void new_true() { push(PickleKind::boolean, 1); }
  void new_false() { push(PickleKind::boolean, 0); }
  void bin_int() { push(PickleKind::integer, take_number<std::int32_t>()); }
  void bin_int1() { push(PickleKind::integer, take_number<std::uint8_t>()); }
  void bin_int2() { push(PickleKind::integer, take_number<std::uint16_t>()); }

  void bin_string() {
    const auto length = take_number<std::int32_t>();
    expect(length >= 0, "a length of at least 0, found ", length);
    push_string(PickleKind::bytes, take(length));
  }
  void short_bin_string() { push_string(PickleKind::bytes, take(take_number<std::uint8_t>())); }
  void bin_bytes() { push_string(PickleKind::bytes, take(take_number<std::uint32_t>())); }
  void bin_unicode() { push_string(PickleKind::text, take(take_number<std::uint32_t>())); }

  void global() {
    const std::string_view module = take_line();
    const std::string_view member = take_line();
    const std::string name = text(module, " ", member);
    const auto* const found =
        std::find_if(kGlobals.begin(), kGlobals.end(),
                     [&](const NamedGlobal& known) { return known.name == name; });
    if (found == kGlobals.end()) {
      fail("global \"", printable(name), "\" is not among those that data files need");
    }
    push(PickleKind::function, static_cast<std::int64_t>(found->global));
  }

  // --- opcodes: containers ---

  void empty_tuple() { push_sequence(PickleKind::tuple, {}); }
  void empty_list() { push_sequence(PickleKind::list, {}); }
  void empty_dict() { push_sequence(PickleKind::dict, {}); }

  void tuple_from(std::int64_t base) {
    std::vector<PickleValue> items(stack_.begin() + base, stack_.end());
    drop(base);
    push_sequence(PickleKind::tuple, std::move(items));
  }
  void tuple() { tuple_from(pop_mark()); }

  /// Position of the last `count` values.
  [[nodiscard]] std::int64_t last(std::int64_t count) const {
    const std::int64_t base = std::ssize(stack_) - count;
    expect(base >= floor(), count, " values on the stack, found ", base + count - floor());
    return base;
  }
  void tuple1() { tuple_from(last(1)); }
  void tuple2() { tuple_from(last(2)); }
  void tuple3() { tuple_from(last(3)); }

  void append_one() { append(PickleKind::list, "a list", last(1)); }
  void append_all() { append(PickleKind::list, "a list", pop_mark()); }
  void set_one() { append(PickleKind::dict, "a dict", last(2)); }
  void set_all() {
    const std::int64_t base = pop_mark();
    const std::int64_t count = std::ssize(stack_) - base;
    expect(count % 2 == 0, "a value for each key, found ", count, " items");
    append(PickleKind::dict, "a dict", base);
  }

  // --- opcodes: memory ---

  void put(std::uint32_t slot) {
    const PickleValue value = top();
    if (slot >= memo_.size()) {
      grow(memo_, slot + std::size_t{1} - memo_.size());
      memo_.resize(slot + std::size_t{1});
    }
    memo_[slot] = value;
  }
  void bin_put() { put(take_number<std::uint8_t>()); }
  void long_bin_put() { put(take_number<std::uint32_t>()); }

  void get(std::uint32_t slot) {
    expect(slot < memo_.size() && memo_[slot].has_value(), "a value remembered as ", slot,
           ", found none");
    push(*memo_[slot]);
  }
  void bin_get() { get(take_number<std::uint8_t>()); }
  void long_bin_get() { get(take_number<std::uint32_t>()); }

  // --- opcodes: objects ---

  void new_object() {
    const PickleValue arguments = pop();
    const PickleValue type = pop();
    expect(is_global(type, Global::matrix), "csr_matrix as the class to make");
    expect(arguments.kind == PickleKind::tuple && sequence(arguments).empty(), "no arguments");
    push_sequence(PickleKind::matrix, {});
  }

  void reduce() {
    const PickleValue arguments = pop();
    const PickleValue function = pop();
    expect(function.kind == PickleKind::function, "a global to apply, found ",
           to_string(function.kind));
    expect(arguments.kind == PickleKind::tuple, "a tuple of arguments, found ",
           to_string(arguments.kind));
    // The items stay where they are though what is made below may move their vector.
    const std::span<const PickleValue> given = sequence(arguments);
    switch (static_cast<Global>(function.number)) {
      case Global::default_dict:
        return make_dict(given);
      case Global::encode:
        return make_encoded(given);
      case Global::reconstruct:
        return make_array(given);
      case Global::dtype:
        return make_dtype(given);
      default:
        fail("REDUCE: expected defaultdict, encode, _reconstruct or dtype as what to apply");
    }
  }

  void make_dict(std::span<const PickleValue> arguments) {
    expect(arguments.size() == 1 && is_global(arguments[0], Global::list), "defaultdict(list)");
    push_sequence(PickleKind::dict, {});
  }

  void make_array(std::span<const PickleValue> arguments) {
    expect(arguments.size() == 3 && is_global(arguments[0], Global::ndarray),
           "_reconstruct(ndarray, shape, type)");
    grow(pickle_.arrays_, 1);
    push(PickleKind::array, std::ssize(pickle_.arrays_));
    pickle_.arrays_.emplace_back();
  }

  void make_dtype(std::span<const PickleValue> arguments) {
    expect(arguments.size() == 3 && is_string(arguments[0]), "dtype(name, align, copy)");
    const std::string_view name = pickle_.string(arguments[0]);
    expect(name == "i4" || name == "i8" || name == "f4" || name == "f8" || name == "O8",
           "a dtype i4, i8, f4, f8 or O8, found \"", printable(name), "\"");
    grow(dtypes_, 1);
    push(PickleKind::dtype, std::ssize(dtypes_));
    dtypes_.push_back({name[0], name[0] == 'O' ? 0 : name[1] - '0'});
  }

  /// Protocol 2 of Python 3 writes bytes as text in which each character stands for one byte.
  void make_encoded(std::span<const PickleValue> arguments) {
    expect(arguments.size() == 2 && arguments[0].kind == PickleKind::text &&
               is_string(arguments[1]) && pickle_.string(arguments[1]) == "latin1",
           "encode(text, \"latin1\")");
    const std::string_view encoded = pickle_.string(arguments[0]);
    spend(std::ssize(encoded) + kAllocationBytes + std::int64_t{sizeof(std::string)});
    std::string decoded;
    decoded.reserve(encoded.size());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
      auto byte = static_cast<unsigned char>(encoded[i]);
      if (byte >= 0x80) {
        // Two bytes of UTF-8 cover latin1: 110000xx 10xxxxxx.
        const bool fits = (byte == 0xC2 || byte == 0xC3) && i + 1 < encoded.size() &&
                          (static_cast<unsigned char>(encoded[i + 1]) & 0xC0U) == 0x80U;
        expect(fits, "text of latin1 characters in UTF-8");
        byte = static_cast<unsigned char>(((byte & 3U) << 6U) |
                                          (static_cast<unsigned char>(encoded[++i]) & 0x3FU));
      }
      decoded.push_back(static_cast<char>(byte));
    }
    pickle_.decoded_.push_back(std::move(decoded));
    push_string(PickleKind::bytes, pickle_.decoded_.back());
  }

  void build() {
    const PickleValue state = pop();
    switch (top().kind) {
      case PickleKind::dtype:
        return set_dtype_state(state);
      case PickleKind::array:
        return set_array_state(state);
      case PickleKind::matrix:
        return set_matrix_state(state);
      default:
        fail("BUILD: expected an array, a dtype or a csr_matrix below the state, found ",
             to_string(top().kind));
    }
  }

  // (version, byte order, subarray, names, fields, size, alignment, flags)
  void set_dtype_state(PickleValue state) {
    const std::span<const PickleValue> items = pickle_.items(state);
    expect(state.kind == PickleKind::tuple && items.size() >= 5 && is_string(items[1]),
           "the state of a dtype");
    const std::string_view order = pickle_.string(items[1]);
    if (dtypes_[top().number].type == 'O') {
      expect(order == "|", "objects without a byte order (\"|\"), found \"", printable(order),
             "\"");
    } else {
      expect(order == "<", "little-endian numbers (\"<\"), found \"", printable(order), "\"");
    }
    expect(std::all_of(items.begin() + 2, items.begin() + 5,
                       [](PickleValue item) { return item.kind == PickleKind::none; }),
           "a dtype of plain numbers, found a compound one");
  }

  // (version, shape, dtype, Fortran order, elements)
  void set_array_state(PickleValue state) {
    const std::span<const PickleValue> items = pickle_.items(state);
    expect(state.kind == PickleKind::tuple && items.size() == 5 &&
               items[1].kind == PickleKind::tuple && items[2].kind == PickleKind::dtype &&
               items[3].kind == PickleKind::boolean,
           "the state of an array: version, shape, dtype, order, elements");
    const DType dtype = dtypes_[items[2].number];
    const PickleKind wanted = dtype.type == 'O' ? PickleKind::list : PickleKind::bytes;
    expect(items[4].kind == wanted, to_string(wanted), " of elements, found ",
           to_string(items[4].kind));
    expect(items[3].number == 0 || pickle_.items(items[1]).size() < 2,
           "an array in C order, found Fortran order");
    PickleArray& array = pickle_.arrays_[top().number];
    expect(array.type == '\0', "an array without content, found one that has it already");
    const std::vector<std::int64_t> shape = read_shape(items[1]);
    if (dtype.type == 'O') {
      const std::int64_t found = std::ssize(sequence(items[4]));
      expect(num_elements(shape) == found, "objects for a shape [", shape_text(shape), "], found ",
             found);
      array = PickleArray{shape, dtype.type, 0, {}, items[4]};
      return;
    }
    const std::string_view elements = pickle_.string(items[4]);
    expect(num_elements(shape) * dtype.item_bytes == std::ssize(elements), "elements for a shape [",
           shape_text(shape), "] of ", dtype.item_bytes, "-byte items, found ", elements.size(),
           " bytes");
    array = PickleArray{shape, dtype.type, dtype.item_bytes, elements, {}};
  }

  std::vector<std::int64_t> read_shape(PickleValue value) {
    std::vector<std::int64_t> shape;
    expect(pickle_.items(value).size() <= 4, "at most 4 dimensions, found ",
           pickle_.items(value).size());
    for (const PickleValue size : pickle_.items(value)) {
      expect(size.kind == PickleKind::integer && size.number >= 0,
             "a shape of integers that are not negative");
      shape.push_back(size.number);
    }
    return shape;
  }

  static std::string shape_text(std::span<const std::int64_t> shape) {
    std::string out;
    for (const std::int64_t size : shape) {
      out += text(out.empty() ? "" : ", ", size);
    }
    return out;
  }

  /// The product, kept below what no file reaches so that it cannot overflow.
  static std::int64_t num_elements(std::span<const std::int64_t> shape) {
    constexpr std::int64_t kMost = std::int64_t{1} << 56U;
    std::int64_t product = 1;
    for (const std::int64_t size : shape) {
      product = size != 0 && product > kMost / size ? kMost : product * size;
    }
    return product;
  }

  void set_matrix_state(PickleValue state) {
    expect(state.kind == PickleKind::dict, "a dict as the state of a csr_matrix, found ",
           to_string(state.kind));
    expect(sequence(top()).empty(), "a csr_matrix without content, found one that has it already");
    const std::vector<PickleValue>& attributes = sequence(state);
    grow(sequence(top()), attributes.size());
    sequence(top()) = attributes;
  }

  void stop() {
    const PickleValue root = pop();
    expect(stack_.empty() && marks_.empty(), "one value on the stack, found more");
    expect(offset_ == std::ssize(bytes_), "the end of the file, found ",
           std::ssize(bytes_) - offset_, " bytes more");
    pickle_.root_ = root;
    stopped_ = true;
  }

  const std::string_view bytes_;
  const std::string& path_;
  std::int64_t budget_;
  std::int64_t offset_ = 0;
  std::int64_t opcode_at_ = 0;
  const Opcode* opcode_ = nullptr;
  bool stopped_ = false;
  std::vector<PickleValue> stack_;
  std::vector<std::int64_t> marks_;  // sizes of the stack
  // By slot, not hashed: Python numbers them from 0 on, and keys chosen to collide would cost time.
  std::vector<std::optional<PickleValue>> memo_;
  std::vector<DType> dtypes_;
  Pickle pickle_;
};

// All that Python knows up to protocol 5, so that a refused one can be named.
const std::array<Pickle::Interpreter::Opcode, 68> Pickle::Interpreter::kOpcodes{{
    {'\x80', "PROTO", &Interpreter::proto},
    {'.', "STOP", &Interpreter::stop},
    {'(', "MARK", &Interpreter::mark},
    {'N', "NONE", &Interpreter::none},
    {'\x88', "NEWTRUE", &Interpreter::new_true},
    {'\x89', "NEWFALSE", &Interpreter::new_false},
    {'J', "BININT", &Interpreter::bin_int},
    {'K', "BININT1", &Interpreter::bin_int1},
    {'M', "BININT2", &Interpreter::bin_int2},
    {'T', "BINSTRING", &Interpreter::bin_string},
    {'U', "SHORT_BINSTRING", &Interpreter::short_bin_string},
    {'B', "BINBYTES", &Interpreter::bin_bytes},
    {'C', "SHORT_BINBYTES", &Interpreter::short_bin_string},
    {'X', "BINUNICODE", &Interpreter::bin_unicode},
    {'c', "GLOBAL", &Interpreter::global},
    {')', "EMPTY_TUPLE", &Interpreter::empty_tuple},
    {'t', "TUPLE", &Interpreter::tuple},
    {'\x85', "TUPLE1", &Interpreter::tuple1},
    {'\x86', "TUPLE2", &Interpreter::tuple2},
    {'\x87', "TUPLE3", &Interpreter::tuple3},
    {']', "EMPTY_LIST", &Interpreter::empty_list},
    {'a', "APPEND", &Interpreter::append_one},
    {'e', "APPENDS", &Interpreter::append_all},
    {'}', "EMPTY_DICT", &Interpreter::empty_dict},
    {'s', "SETITEM", &Interpreter::set_one},
    {'u', "SETITEMS", &Interpreter::set_all},
    {'q', "BINPUT", &Interpreter::bin_put},
    {'r', "LONG_BINPUT", &Interpreter::long_bin_put},
    {'h', "BINGET", &Interpreter::bin_get},
    {'j', "LONG_BINGET", &Interpreter::long_bin_get},
    {'R', "REDUCE", &Interpreter::reduce},
    {'\x81', "NEWOBJ", &Interpreter::new_object},
    {'b', "BUILD", &Interpreter::build},
    {'0', "POP"},
    {'1', "POP_MARK"},
    {'2', "DUP"},
    {'F', "FLOAT"},
    {'G', "BINFLOAT"},
    {'I', "INT"},
    {'L', "LONG"},
    {'\x8a', "LONG1"},
    {'\x8b', "LONG4"},
    {'S', "STRING"},
    {'V', "UNICODE"},
    {'\x8c', "SHORT_BINUNICODE"},
    {'\x8d', "BINUNICODE8"},
    {'\x8e', "BINBYTES8"},
    {'\x96', "BYTEARRAY8"},
    {'\x97', "NEXT_BUFFER"},
    {'\x98', "READONLY_BUFFER"},
    {'P', "PERSID"},
    {'Q', "BINPERSID"},
    {'l', "LIST"},
    {'d', "DICT"},
    {'g', "GET"},
    {'p', "PUT"},
    {'\x94', "MEMOIZE"},
    {'i', "INST"},
    {'o', "OBJ"},
    {'\x92', "NEWOBJ_EX"},
    {'\x82', "EXT1"},
    {'\x83', "EXT2"},
    {'\x84', "EXT4"},
    {'\x93', "STACK_GLOBAL"},
    {'\x95', "FRAME"},
    {'\x8f', "EMPTY_SET"},
    {'\x90', "ADDITEMS"},
    {'\x91', "FROZENSET"},
}};

Pickle Pickle::parse(std::string_view bytes, const std::string& path) {
  return Interpreter(bytes, path).run();
}

std::span<const PickleValue> Pickle::items(PickleValue value) const {
  switch (value.kind) {
    case PickleKind::tuple:
    case PickleKind::list:
    case PickleKind::dict:
    case PickleKind::matrix:
      return sequences_[value.number];
    default:
      return {};
  }
}

std::string_view Pickle::string(PickleValue value) const {
  const bool holds = value.kind == PickleKind::bytes || value.kind == PickleKind::text;
  return holds ? strings_[value.number] : std::string_view();
}

const PickleArray& Pickle::array(PickleValue value) const {
  static const PickleArray unfilled;
  return value.kind == PickleKind::array ? arrays_[value.number] : unfilled;
}

namespace {

template <class Stored, class T, class Convert>
void copy_elements(const PickleArray& array, std::vector<T>& out, Convert convert) {
  out.resize(array.elements.size() / sizeof(Stored));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored element;
    std::memcpy(&element, array.elements.data() + i * sizeof element, sizeof element);
    out[i] = convert(element);
  }
}

float to_float(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  if (std::abs(value) > kMost) {  // a cast would be undefined
    return std::copysign(std::numeric_limits<float>::infinity(), value < 0 ? -1.0F : 1.0F);
  }
  return static_cast<float>(value);
}

}  // namespace

std::vector<std::int64_t> integers(const PickleArray& array) {
  std::vector<std::int64_t> out;
  if (array.type == 'i' && array.item_bytes == 4) {
    copy_elements<std::int32_t>(array, out, [](std::int32_t x) { return std::int64_t{x}; });
  } else if (array.type == 'i' && array.item_bytes == 8) {
    copy_elements<std::int64_t>(array, out, [](std::int64_t x) { return x; });
  }
  return out;
}

std::vector<float> floats(const PickleArray& array) {
  std::vector<float> out;
  if (array.type == 'f' && array.item_bytes == 4) {
    copy_elements<float>(array, out, [](float x) { return x; });
  } else if (array.type == 'f' && array.item_bytes == 8) {
    copy_elements<double>(array, out, to_float);
  } else if (array.type == 'i' && array.item_bytes == 4) {
    copy_elements<std::int32_t>(array, out, [](std::int32_t x) { return static_cast<float>(x); });
  } else if (array.type == 'i') {
    copy_elements<std::int64_t>(array, out, [](std::int64_t x) { return static_cast<float>(x); });
  }
  return out;
}

}  // namespace attune::data
