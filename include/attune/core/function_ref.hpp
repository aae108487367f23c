#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace attune::core {

template <class Signature>
class FunctionRef;

/// A callable seen through two pointers. Never owns, never allocates; valid during the call that it
/// is an argument of.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  /// @param f  must outlive this
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
           std::is_invocable_r_v<R, F&, Args...>) FunctionRef(F&& f)
  noexcept  // NOLINT(google-explicit-constructor): an argument type
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  /// Calls it.
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace attune::core
