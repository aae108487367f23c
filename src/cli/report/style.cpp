#include "cli/report/style.hpp"

namespace attune::cli {

// The colours of the two runs, and those of queries and keys, keep apart for colour-blind readers;
// queries are round and keys are square besides.
std::string_view report_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f9; --text: #1b1f24; --quiet: #59636e; --rule: #d8dde3;
  --run-a: #1f5fbf; --run-b: #c2570c; --queries: #8e3fb5; --keys: #0e8f74;
  --heat: #17499a; --on-heat: #ffffff; --better: #e3edfb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1c2026; --text: #e4e8ec; --quiet: #9aa5b1; --rule: #343b44;
    --run-a: #6ea6ff; --run-b: #ff9f52; --queries: #cf8df0; --keys: #3fcfa8;
    --heat: #6398f0; --on-heat: #10131a; --better: #22324a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 76rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
header { border-bottom: 1px solid var(--rule); padding-bottom: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: .75rem; }
a { color: var(--run-a); }
.note, .hint, .legend, footer { color: var(--quiet); font-size: .875rem; }
.note { max-width: 50rem; }
.hint { display: block; font-weight: normal; font-size: .8rem; line-height: 1.35; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: .75rem; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .925rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem 1.1rem .35rem .5rem; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--rule); }
.run { overflow-wrap: anywhere; }
tbody tr { border-bottom: 1px solid var(--rule); }
tbody th { font-weight: 500; }
#results tbody th { min-width: 9rem; }
#settings td { max-width: 26rem; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
.better { font-weight: 700; background: var(--better); }
.group th { padding-top: 1rem; font-weight: 700; }
.differs { background: var(--better); }
.unequal { font-weight: 700; padding-left: .4em; }
summary { cursor: pointer; }
summary h2 { display: inline-block; margin-bottom: .5rem; }
.swatch {
  display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .4em;
}
.swatch.run-a { background: var(--run-a); }
.swatch.run-b { background: var(--run-b); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; }
.key { display: inline-flex; align-items: center; gap: .4rem; }
.sample { width: 26px; height: 10px; }
.dot { width: 12px; height: 12px; }
.ramp {
  display: inline-block; width: 9rem; height: .75rem; border: 1px solid var(--rule);
  background: linear-gradient(to right, transparent, var(--heat));
}
figure { margin: 0; min-width: 0; }
figcaption { font-size: .925rem; font-weight: 600; margin-bottom: .25rem; overflow-wrap: anywhere; }
svg { display: block; }
.charts, .heads, .heats { display: grid; gap: 1rem; }
.charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.charts svg { width: 100%; height: auto; max-width: 36rem; }
.heads { grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); }
.heads.pairs { grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); }
.heats { grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.heats.stacked { grid-template-columns: minmax(0, 1fr); }
.head { background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: .6rem; }
.pair { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: .6rem; }
.map { width: 100%; height: auto; background: var(--page); border: 1px solid var(--rule); }
.under { font-size: .8rem; color: var(--quiet); margin: .3rem 0 0; line-height: 1.35; }
.whose {
  width: 0; min-width: 100%; margin: 0; font-size: .8rem; line-height: 1.4; color: var(--quiet);
}
.grid { stroke: var(--rule); stroke-width: 1; }
.tick, .value { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--quiet); }
.tick { font-variant-numeric: tabular-nums; }
.middle, .value { text-anchor: middle; }
.end { text-anchor: end; }
.tight { font-size: 10px; }
.marked { fill: var(--text); font-weight: 700; text-decoration: underline; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.faint { stroke-width: 1; opacity: .55; }
.line.single { stroke-width: 7; }
.mark { stroke-width: 1.5; stroke-dasharray: 2 4; }
.line.run-b { stroke-width: 2.6; }
.line.run-b.faint { stroke-width: 1.4; }
.line.run-a, .mark.run-a { stroke: var(--run-a); }
.line.run-b, .mark.run-b { stroke: var(--run-b); }
.dots { fill: none; stroke-width: 4; opacity: .7; }
.dots.queries { stroke: var(--queries); stroke-linecap: round; }
.dots.keys { stroke: var(--keys); stroke-linecap: square; stroke-width: 3.4; }
.dot .dots { stroke-width: 8; opacity: 1; }
.small { font-size: 11px; }
.pointed { fill: transparent; }
.pointed:hover { fill: var(--text); fill-opacity: .07; }
.asked {
  display: grid; gap: 1rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
}
.picture { width: 100%; height: auto; max-width: 32rem; }
.ground { fill: #808080; }
.box { fill: none; stroke: #ffffff; stroke-opacity: .6; }
.box-number { fill: #ffffff; font-family: system-ui, "DejaVu Sans", sans-serif; }
.maps, .grids { display: flex; flex-wrap: wrap; gap: 1rem; min-width: 0; }
.maps > figure, .grids > div { max-width: 100%; }
.grids { align-items: flex-end; }
.grids > div { min-width: 9rem; }
summary h3 { display: inline-block; margin-bottom: .25rem; }
.cell { fill: var(--heat); stroke: var(--rule); stroke-width: 1; }
.shade { fill: var(--heat); }
.lines { fill: none; stroke: var(--rule); stroke-width: 1; }
.value { fill: var(--text); font-variant-numeric: tabular-nums; }
.value.strong { fill: var(--on-heat); }
@media (max-width: 36rem) {
  table { font-size: .8rem; }
  th, td { padding: .3rem .4rem .3rem 0; }
  .hint { font-size: .75rem; }
  #results tbody th { min-width: 6.5rem; }
}
@media print {
  body { max-width: none; }
  figure, tr { break-inside: avoid; }
}
)css";
}

}  // namespace attune::cli
