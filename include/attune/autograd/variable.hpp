#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <attune/autograd/row_gradient.hpp>
#include <attune/core/pool.hpp>
#include <attune/core/ref_counted.hpp>
#include <attune/core/tensor.hpp>

namespace attune::autograd {

class Node;

/// A tensor in a computation that can be differentiated. A cheap handle: copies are the same
/// variable. Operations on variables that require gradients record themselves, and backward()
/// walks the record back from a scalar.
///
///     Variable w(Tensor::zeros({3, 2}), true);
///     Variable loss = ops::sum(ops::matmul(x, w));
///     backward(loss);
///     w.grad();  // [3, 2]
class Variable {
 public:
  Variable() = default;  ///< undefined

  /// A leaf: a parameter with requires_grad, an input without.
  explicit Variable(core::Tensor value, bool requires_grad = false);

  /// Whether it holds a value.
  [[nodiscard]] bool defined() const noexcept { return static_cast<bool>(impl_); }
  /// @throws InvalidArgument  undefined, here and in all that follows but zero_grad()
  [[nodiscard]] const core::Tensor& value() const;
  /// Of the value.
  [[nodiscard]] const core::Shape& shape() const { return value().shape(); }
  /// Of the value.
  [[nodiscard]] core::DType dtype() const { return value().dtype(); }
  /// A leaf that asked for gradients, or a result of an operation that read one; false if
  /// undefined.
  [[nodiscard]] bool requires_grad() const noexcept;

  /// Replaces the value of a leaf, as an optimiser or a loader does.
  /// @throws ShapeError  the shape differs
  void set_value(core::Tensor value);
  /// The elements of a leaf, to be updated in place.
  [[nodiscard]] core::Tensor& mutable_value();

  /// Gradient of a leaf summed over the backward() calls since zero_grad(); undefined before.
  [[nodiscard]] const core::Tensor& grad() const;
  /// The same, to be changed or replaced; nobody else holds its elements.
  [[nodiscard]] core::Tensor& mutable_grad();
  /// Makes grad() undefined again.
  void zero_grad();

  /// The same value, cut from the record.
  [[nodiscard]] Variable detach() const;

  /// The value of a result that nobody else holds, to be overwritten by the operation that reads it
  /// last; undefined, and the variable unchanged, where it is a parameter or somebody does. An
  /// operation still records the variable as an input afterwards; nothing else may be done with it.
  [[nodiscard]] core::Tensor take_value();

  /// Whether both are handles of one variable; two undefined ones are the same.
  friend bool same(const Variable& a, const Variable& b) noexcept {
    return a.impl_.get() == b.impl_.get();
  }

 private:
  struct Impl;
  friend class Node;
  friend Variable make_recorded(core::Tensor value, core::Ref<Node> node);
  friend void backward(const Variable& output);
  friend void backward(const Variable& output, const core::Tensor& grad_output);
  friend void backward(Variable&& output, const core::Tensor& grad_output);

  core::Ref<Impl> impl_;
};

/// @cond internal
struct Variable::Impl final : core::RefCounted {
  Impl();
  ~Impl();

  core::Tensor value;
  core::Tensor grad;        // of a leaf
  core::Ref<Node> creator;  // of the result of a recorded operation
  bool requires_grad = false;
};
/// @endcond

/// Derivatives of a scalar with respect to every leaf it was computed from, added to their grad().
/// Contributions are added in a fixed order.
/// @throws ShapeError  `output` has more than one element
void backward(const Variable& output);

/// The same for sum(output * grad_output).
void backward(const Variable& output, const core::Tensor& grad_output);

/// The same for a variable that is given away: what an operation kept is released as soon as its
/// derivatives are known, so that less memory is held at a time.
void backward(Variable&& output);

/// The same for sum(output * grad_output).
void backward(Variable&& output, const core::Tensor& grad_output);

/// While one lives, nothing is recorded on this thread.
class NoGradScope {
 public:
  NoGradScope() noexcept;
  ~NoGradScope();
  NoGradScope(const NoGradScope&) = delete;
  NoGradScope& operator=(const NoGradScope&) = delete;

 private:
  bool before_;
};
/// Whether operations on this thread are recorded.
[[nodiscard]] bool grad_enabled() noexcept;

/// A recorded operation. It keeps what its derivative needs, and for each variable it read the
/// operation that made it or the leaf; not its value.
class Node : public core::RefCounted {
 public:
  static constexpr int kMaxInputs = 16;  ///< of one operation

  /// @param name  for messages; not copied
  /// @throws InvalidArgument  more than kMaxInputs inputs
  Node(const char* name, std::initializer_list<Variable> inputs);
  virtual ~Node();

  /// Of the operation, for messages.
  [[nodiscard]] const char* name() const noexcept { return name_; }

  /// Whether the derivative with respect to input i is wanted; skip its work otherwise.
  [[nodiscard]] bool needs(int i) const noexcept;
  /// Whether nobody will ask for the derivatives again, so that what the operation kept may be
  /// overwritten.
  [[nodiscard]] bool last_use() const noexcept { return last_use_; }
  /// Hands over the derivative with respect to input i, of the shape of the input.
  void add_grad(int i, core::Tensor grad);
  /// The same where few rows differ from zero: they are added to what the other operations on that
  /// input hand over, and no tensor of zeros is made where any of them hands over a whole one.
  void add_grad(int i, RowGradient grad);
  /// What has been handed over for input i so far, to be added to and handed over again: a sum is
  /// then made without another tensor. Undefined where there is nothing or somebody shares it.
  [[nodiscard]] core::Tensor take_grad(int i);

 protected:
  /// Hands the derivative of each input that needs() one to add_grad(). Called at most once a walk.
  /// @param grad_output  of the shape of the result
  virtual void run_backward(const core::Tensor& grad_output) = 0;

 private:
  friend class Variable;
  friend Variable make_recorded(core::Tensor value, core::Ref<Node> node);
  friend void backward(const Variable& output, const core::Tensor& grad_output);
  friend void backward(Variable&& output, const core::Tensor& grad_output);

  /// Either or none: no derivative is wanted.
  struct Input {
    core::Ref<Node> creator;
    core::Ref<Variable::Impl> leaf;
  };

  /// Walks the record back from `root`, whose gradient is there.
  /// @param release  give up each operation after its derivatives are handed over
  static void walk_back(core::Ref<Node> root, bool release);

  const char* name_;
  std::uint64_t sequence_;
  std::uint64_t visited_ = 0;
  /// Completes grad_output_ with the rows that wait for it.
  void gather_grad_output();

  core::Tensor grad_output_;
  std::vector<RowGradient, core::PoolAllocator<RowGradient>> row_grads_;  // to be added to it
  core::Shape output_shape_;
  core::DType output_dtype_ = core::DType::f32;
  bool last_use_ = false;
  int num_inputs_ = 0;
  Input inputs_[kMaxInputs];
};

/// Whether an operation on these inputs has to be recorded.
[[nodiscard]] bool should_record(std::initializer_list<Variable> inputs) noexcept;

/// The result of an operation whose derivative `node` knows; record() makes both.
Variable make_recorded(core::Tensor value, core::Ref<Node> node);

/// Result of an operation with a derivative. `backward(node, grad_output)` is called at most once;
/// it hands each wanted derivative to node.add_grad(). Its captures live in the pool.
///
///     return record("scale", scaled, {x}, [factor](Node& node, const Tensor& grad_output) {
///       node.add_grad(0, times(grad_output, factor));
///     });
template <class F>
[[nodiscard]] Variable record(const char* name, core::Tensor value,
                              std::initializer_list<Variable> inputs, F backward) {
  if (!should_record(inputs)) {
    return Variable(std::move(value));
  }
  class Recorded final : public Node {
   public:
    Recorded(const char* op, std::initializer_list<Variable> from, F f)
        : Node(op, from), backward_(std::move(f)) {}

   private:
    void run_backward(const core::Tensor& grad_output) override { backward_(*this, grad_output); }
    F backward_;
  };
  return make_recorded(std::move(value),
                       core::Ref<Node>(new Recorded(name, inputs, std::move(backward))));
}

}  // namespace attune::autograd

namespace attune {
using autograd::Variable;
}
