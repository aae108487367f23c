#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/borrowed.hpp>
#include <attune/core/error.hpp>
#include <attune/core/pool.hpp>

namespace attune::core {

namespace {

struct alignas(64) Block {
  float elements[16] = {1, 2, 3, 4, 5, 6};
};

Tensor lend(const Block& block, int& released) {
  return borrow(block.elements, {2, 3}, DType::f32, [&released] { ++released; });
}

}  // namespace

TEST_CASE("borrow: the elements are those that were lent", "[core]") {
  Block block;
  int released = 0;
  {
    Tensor tensor = lend(block, released);
    CHECK(tensor.shape() == Shape{2, 3});
    CHECK(tensor.data<float>().data() == block.elements);
    block.elements[5] = 9;
    CHECK(tensor.data<float>()[5] == 9);
    CHECK(tensor.unique());
  }
  CHECK(released == 1);
}

TEST_CASE("borrow: it is released once with the last handle", "[core]") {
  const Block block;
  int released = 0;
  Tensor first = lend(block, released);
  Tensor second = first.reshape({6});
  first = Tensor();
  CHECK(released == 0);
  std::thread([other = std::move(second)]() mutable { other = Tensor(); }).join();
  CHECK(released == 1);
}

TEST_CASE("borrow: a clone is of the pool and outlives the loan", "[core]") {
  int released = 0;
  Tensor clone;
  {
    const Block block;
    clone = lend(block, released).clone();
    CHECK(clone.data<float>().data() != block.elements);
  }
  CHECK(released == 1);
  CHECK(clone.data<float>()[5] == 6);
}

TEST_CASE("borrow: one block may be lent several times", "[core]") {
  const Block block;
  int one = 0;
  int other = 0;
  Tensor first = lend(block, one);
  const Tensor second = lend(block, other);
  first = Tensor();
  CHECK(one == 1);
  CHECK(other == 0);
  CHECK(second.data<float>()[0] == 1);
}

TEST_CASE("borrow: the pool serves the tensors made meanwhile", "[core]") {
  const Block block;
  int released = 0;
  const Tensor lent = lend(block, released);
  const std::int64_t before = pool_statistics().bytes_in_use;
  {
    const Tensor own = Tensor::zeros({2, 3});
    CHECK(own.data<float>().data() != block.elements);
    CHECK(pool_statistics().bytes_in_use > before);
  }
  CHECK(pool_statistics().bytes_in_use == before);
  CHECK(released == 0);
}

TEST_CASE("borrow: what cannot be lent is refused and offered to nobody", "[core]") {
  const Block block;
  int released = 0;
  const auto release = [&] { ++released; };
  CHECK_THROWS_AS(borrow(block.elements + 1, {2}, DType::f32, release), InvalidArgument);
  CHECK_THROWS_AS(borrow(nullptr, {2}, DType::f32, release), InvalidArgument);
  const Tensor own = Tensor::zeros({2});
  CHECK(own.data<float>().data() != block.elements);
  CHECK(released == 0);
}

}  // namespace attune::core
