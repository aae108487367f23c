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

void require_rows_of(const RowGradient& grad, const Tensor& input, const char* who) {
  const core::Shape& found = grad.rows.shape();
  const core::Shape& shape = input.shape();
  bool fits = shape.rank() > 0 && found.rank() == shape.rank() && found[0] == grad.index.size() &&
              grad.rows.dtype() == input.dtype();
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
  for (const Variable& input : inputs) {
    inputs_[num_inputs_++] = input;
  }
}

Node::~Node() = default;

bool Node::needs(int i) const noexcept {
  return inputs_[i].requires_grad();
}

void Node::add_grad(int i, Tensor grad) {
  if (!needs(i)) {
    return;
  }
  Variable::Impl& input = *inputs_[i].impl_;
  core::require_shape(grad, input.value.shape(), name_, "gradient of an input");
  accumulate(input.creator ? input.creator->grad_output_ : input.grad, std::move(grad));
}

void Node::add_grad(int i, RowGradient grad) {
  if (!needs(i)) {
    return;
  }
  Variable::Impl& input = *inputs_[i].impl_;
  require_rows_of(grad, input.value, name_);
  if (input.creator) {
    input.creator->row_grads_.push_back(std::move(grad));
  } else {
    accumulate_rows(input.grad, input.value.shape(), grad);
  }
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
  Variable result(std::move(value), true);
  result.impl_->creator = std::move(node);
  return result;
}

void backward(const Variable& output) {
  if (output.value().num_elements() != 1) {
    throw ShapeError(core::text("backward: expected a scalar, got ", output.shape().to_string()));
  }
  backward(output, Tensor::full(output.shape(), 1, output.dtype()));
}

// Every operation was recorded after those it reads, so descending sequence numbers are a
// topological order, and the same one every time.
void backward(const Variable& output, const Tensor& grad_output) {
  core::require_shape(grad_output, output.shape(), "backward", "grad_output");
  if (!output.requires_grad()) {
    throw InvalidArgument("backward: the output does not depend on a variable that requires grad");
  }
  if (!output.impl_->creator) {
    accumulate(output.impl_->grad, grad_output);
    return;
  }
  const auto older = [](const core::Ref<Node>& a, const core::Ref<Node>& b) {
    return a->sequence_ < b->sequence_;
  };
  const std::uint64_t walk = ++current_walk;
  NodeList heap;
  heap.reserve(64);
  heap.push_back(output.impl_->creator);
  heap.front()->visited_ = walk;
  accumulate(heap.front()->grad_output_, grad_output);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), older);
    const core::Ref<Node> node = std::move(heap.back());
    heap.pop_back();
    node->gather_grad_output();
    const Tensor grad = std::move(node->grad_output_);
    node->grad_output_ = Tensor();
    if (grad.defined()) {
      node->run_backward(grad);
    }
    for (int i = 0; i < node->num_inputs_; ++i) {
      const Variable& input = node->inputs_[i];
      if (!input.requires_grad() || !input.impl_->creator ||
          input.impl_->creator->visited_ == walk) {
        continue;
      }
      input.impl_->creator->visited_ = walk;
      heap.push_back(input.impl_->creator);
      std::push_heap(heap.begin(), heap.end(), older);
    }
  }
}

}  // namespace attune::autograd
