#include <algorithm>
#include <utility>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/core/text.hpp>

namespace attune::autograd {

using core::Tensor;

namespace {

using NodeList = std::vector<core::Ref<Node>, core::PoolAllocator<core::Ref<Node>>>;

// Drops an operation and, with the last owner, its inputs, the operations that made these, and so
// on: one after another, since a destructor that calls the next would need a stack as deep as the
// record is long.
void drop_record(core::Ref<Node> node) {
  thread_local NodeList* being_dropped = nullptr;
  if (being_dropped != nullptr) {
    being_dropped->push_back(std::move(node));
    return;
  }
  NodeList list;
  being_dropped = &list;
  list.push_back(std::move(node));
  while (!list.empty()) {
    const core::Ref<Node> last = std::move(list.back());
    list.pop_back();
  }
  being_dropped = nullptr;
}

thread_local bool recording = true;
thread_local std::uint64_t next_sequence = 0;
thread_local std::uint64_t current_walk = 0;

// sum += term. Elementwise, so that blocks may run anywhere.
void add_into(Tensor& sum, const Tensor& term) {
  constexpr std::int64_t kGrain = 1 << 15;
  core::dispatch(sum.dtype(), [&]<class T>() {
    const std::span<T> out = sum.mutable_data<T>();
    const std::span<const T> in = term.data<T>();
    core::parallel_for(sum.num_elements(), kGrain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        out[i] += in[i];
      }
    });
  });
}

// A gradient that nobody else holds is taken over; a shared one is copied before it is added to.
void accumulate(Tensor& sum, Tensor grad) {
  if (!sum.defined()) {
    sum = std::move(grad);
    return;
  }
  if (!sum.unique()) {
    sum = sum.clone();
  }
  add_into(sum, grad);
}

// sum[index[r]] += rows[r], a sum of zeros where there is none yet.
void accumulate_rows(Tensor& sum, const core::Shape& shape, const RowGradient& grad) {
  if (!sum.defined()) {
    sum = Tensor::zeros(shape, grad.rows.dtype());
  } else if (!sum.unique()) {
    sum = sum.clone();
  }
  const std::int64_t count = grad.index.size();
  const std::int64_t width = count == 0 ? 1 : grad.rows.num_elements() / count;
  constexpr std::int64_t kGrain = 1 << 14;
  core::dispatch(sum.dtype(), [&]<class T>() {
    T* out = sum.mutable_data<T>().data();
    const T* in = grad.rows.data<T>().data();
    const std::int32_t* index = grad.index.data();
    core::parallel_for(count, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, width)),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t r = begin; r < end; ++r) {
                           T* to = out + index[r] * width;
                           for (std::int64_t c = 0; c < width; ++c) {
                             to[c] += in[r * width + c];
                           }
                         }
                       });
  });
}

void require_rows_of(const RowGradient& grad, const core::Shape& shape, core::DType dtype,
                     const char* who) {
  const core::Shape& found = grad.rows.shape();
  bool fits = shape.rank() > 0 && found.rank() == shape.rank() && found[0] == grad.index.size() &&
              grad.rows.dtype() == dtype;
  for (int axis = 1; fits && axis < shape.rank(); ++axis) {
    fits = found[axis] == shape[axis];
  }
  for (const std::int32_t row : grad.index.span()) {
    fits = fits && row >= 0 && row < shape[0];
  }
  if (!fits) {
    throw ShapeError(core::text(who, ": gradient of some rows must be of ", grad.index.size(),
                                " rows of ", shape.to_string(), ", got ", found.to_string()));
  }
}

}  // namespace

Variable::Impl::Impl() = default;
Variable::Impl::~Impl() {
  if (creator) {
    drop_record(std::move(creator));
  }
}

Variable::Variable(Tensor value, bool requires_grad) : impl_(new Impl) {
  impl_->value = std::move(value);
  impl_->requires_grad = requires_grad;
}

const Tensor& Variable::value() const {
  if (!impl_) {
    throw InvalidArgument("Variable::value: the variable is undefined");
  }
  return impl_->value;
}

bool Variable::requires_grad() const noexcept {
  return impl_ && impl_->requires_grad;
}

void Variable::set_value(Tensor value) {
  core::require_shape(value, this->value().shape(), "Variable::set_value", "value");
  impl_->value = std::move(value);
}

Tensor& Variable::mutable_value() {
  (void)value();
  return impl_->value;
}

const Tensor& Variable::grad() const {
  (void)value();
  return impl_->grad;
}

Tensor& Variable::mutable_grad() {
  (void)value();
  // An operation may have handed one tensor to several inputs.
  if (impl_->grad.defined() && !impl_->grad.unique()) {
    impl_->grad = impl_->grad.clone();
  }
  return impl_->grad;
}

void Variable::zero_grad() {
  if (impl_) {
    impl_->grad = Tensor();
  }
}

Tensor Variable::take_value() {
  const bool result = impl_ && (impl_->creator || !impl_->requires_grad);
  if (!result || !impl_->unique() || !impl_->value.unique()) {
    return {};
  }
  return std::exchange(impl_->value, Tensor());
}

Variable Variable::detach() const {
  return Variable(value());
}

NoGradScope::NoGradScope() noexcept : before_(recording) {
  recording = false;
}
NoGradScope::~NoGradScope() {
  recording = before_;
}
bool grad_enabled() noexcept {
  return recording;
}

Node::Node(const char* name, std::initializer_list<Variable> inputs)
    : name_(name), sequence_(++next_sequence) {
  if (inputs.size() > kMaxInputs) {
    throw InvalidArgument(
        core::text(name, ": expected at most ", kMaxInputs, " inputs, got ", inputs.size()));
  }
  for (const Variable& variable : inputs) {
    Input& input = inputs_[num_inputs_++];
    if (!variable.requires_grad()) {
      continue;
    }
    input.creator = variable.impl_->creator;
    if (!input.creator) {
      input.leaf = variable.impl_;
    }
  }
}

Node::~Node() {
  for (Input& input : inputs_) {
    if (input.creator) {
      drop_record(std::move(input.creator));
    }
  }
}

bool Node::needs(int i) const noexcept {
  return inputs_[i].creator.get() != nullptr || inputs_[i].leaf.get() != nullptr;
}

void Node::add_grad(int i, Tensor grad) {
  if (!needs(i)) {
    return;
  }
  const Input& input = inputs_[i];
  const core::Shape& shape =
      input.creator ? input.creator->output_shape_ : input.leaf->value.shape();
  core::require_shape(grad, shape, name_, "gradient of an input");
  accumulate(input.creator ? input.creator->grad_output_ : input.leaf->grad, std::move(grad));
}

void Node::add_grad(int i, RowGradient grad) {
  if (!needs(i)) {
    return;
  }
  const Input& input = inputs_[i];
  if (input.creator) {
    require_rows_of(grad, input.creator->output_shape_, input.creator->output_dtype_, name_);
    input.creator->row_grads_.push_back(std::move(grad));
  } else {
    const Tensor& value = input.leaf->value;
    require_rows_of(grad, value.shape(), value.dtype(), name_);
    accumulate_rows(input.leaf->grad, value.shape(), grad);
  }
}

Tensor Node::take_grad(int i) {
  if (!needs(i)) {
    return {};
  }
  const Input& input = inputs_[i];
  Tensor& sum = input.creator ? input.creator->grad_output_ : input.leaf->grad;
  return sum.unique() ? std::exchange(sum, Tensor()) : Tensor();
}

void Node::gather_grad_output() {
  for (const RowGradient& grad : row_grads_) {
    accumulate_rows(grad_output_, output_shape_, grad);
  }
  row_grads_.clear();
}

bool should_record(std::initializer_list<Variable> inputs) noexcept {
  if (!recording) {
    return false;
  }
  for (const Variable& input : inputs) {
    if (input.requires_grad()) {
      return true;
    }
  }
  return false;
}

Variable make_recorded(Tensor value, core::Ref<Node> node) {
  node->output_shape_ = value.shape();
  node->output_dtype_ = value.dtype();
  Variable result(std::move(value), true);
  result.impl_->creator = std::move(node);
  return result;
}

namespace {

void require_scalar(const Variable& output) {
  if (output.value().num_elements() != 1) {
    throw ShapeError(core::text("backward: expected a scalar, got ", output.shape().to_string()));
  }
}

void require_gradient(const Variable& output, const Tensor& grad_output) {
  core::require_shape(grad_output, output.shape(), "backward", "grad_output");
  if (!output.requires_grad()) {
    throw InvalidArgument("backward: the output does not depend on a variable that requires grad");
  }
}

}  // namespace

void backward(const Variable& output) {
  require_scalar(output);
  backward(output, Tensor::full(output.shape(), 1, output.dtype()));
}

void backward(Variable&& output) {
  require_scalar(output);
  const Tensor one = Tensor::full(output.shape(), 1, output.dtype());
  backward(std::move(output), one);
}

void backward(const Variable& output, const Tensor& grad_output) {
  require_gradient(output, grad_output);
  const core::Ref<Node>& creator = output.impl_->creator;
  accumulate(creator ? creator->grad_output_ : output.impl_->grad, grad_output);
  if (creator) {
    Node::walk_back(creator, false);
  }
}

void backward(Variable&& output, const Tensor& grad_output) {
  require_gradient(output, grad_output);
  const Variable taken = std::move(output);
  if (!taken.impl_->creator || !taken.impl_->unique()) {
    backward(taken, grad_output);
    return;
  }
  core::Ref<Node> creator = std::move(taken.impl_->creator);
  taken.impl_->value = Tensor();
  accumulate(creator->grad_output_, grad_output);
  Node::walk_back(std::move(creator), true);
}

// Every operation was recorded after those it reads, so descending sequence numbers are a
// topological order, and the same one every time.
void Node::walk_back(core::Ref<Node> root, bool release) {
  const auto older = [](const core::Ref<Node>& a, const core::Ref<Node>& b) {
    return a->sequence_ < b->sequence_;
  };
  const std::uint64_t walk = ++current_walk;
  NodeList heap;
  heap.reserve(64);
  root->visited_ = walk;
  heap.push_back(std::move(root));
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), older);
    const core::Ref<Node> node = std::move(heap.back());
    heap.pop_back();
    node->gather_grad_output();
    const Tensor grad = std::move(node->grad_output_);
    node->grad_output_ = Tensor();
    if (grad.defined()) {
      node->last_use_ = release && node->unique();
      node->run_backward(grad);
    }
    for (int i = 0; i < node->num_inputs_; ++i) {
      const core::Ref<Node>& creator = node->inputs_[i].creator;
      if (!creator || creator->visited_ == walk) {
        continue;
      }
      creator->visited_ = walk;
      heap.push_back(creator);
      std::push_heap(heap.begin(), heap.end(), older);
    }
  }
}

}  // namespace attune::autograd
