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
