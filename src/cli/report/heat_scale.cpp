#include "cli/report/heat_scale.hpp"

#include "cli/report/numbers.hpp"

namespace attune::cli {

int heat_digits(double largest) {
  return largest >= 0.1 ? 2 : largest >= 0.01 ? 3 : 4;
}

void write_heat_scale(Markup& page, double largest) {
  page.open("p", {{"class", "legend"}}).open("span", {{"class", "key"}}).text("0");
  page.element("span", {{"class", "ramp"}}, "")
      .text(decimal(largest, heat_digits(largest)))
      .close()
      .close();
}

}  // namespace attune::cli
