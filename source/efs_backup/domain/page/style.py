"""The looks of a page: sober, light and dark, and fit to be printed."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ground: #f3f4f6; --ink: #1b2430; --soft: #5b6675; --line: #dde1e7;
  --equal: #3b6ea8; --different: #c2382b; --missing: #d39a1f;
  --passed: #1c7a4c; --failed: #b3261e; --undone: #8a5a00;
  --passed-wash: #eaf5ef; --failed-wash: #fcedeb; --undone-wash: #fbf3e2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171c23; --ground: #0f1318; --ink: #e6eaf0; --soft: #9aa6b5; --line: #2c343f;
    --equal: #6fa3dc; --different: #f0766b; --missing: #e2b04a;
    --passed: #5cc491; --failed: #f28b82; --undone: #e2b04a;
    --passed-wash: #14271e; --failed-wash: #2e1917; --undone-wash: #2b2312;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 32px 16px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 860px; margin: 0 auto; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
section, header, footer { padding: 24px 40px; border-top: 1px solid var(--line); }
header { border-top: 0; border-radius: 10px 10px 0 0; }
header.passed { background: var(--passed-wash); } header.passed .verdict { color: var(--passed); }
header.failed { background: var(--failed-wash); } header.failed .verdict { color: var(--failed); }
header.undone { background: var(--undone-wash); } header.undone .verdict { color: var(--undone); }
.over { margin: 0; color: var(--soft); font-size: 13px; }
.verdict { display: flex; align-items: center; gap: 14px; margin: 10px 0 6px; font-size: 34px; line-height: 1.2; }
.verdict svg { flex: none; width: 38px; height: 38px; }
.lead { margin: 0; font-size: 17px; overflow-wrap: anywhere; }
.lead + .lead { margin-top: 8px; font-size: 15px; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0; padding: 0; }
.tile { padding: 20px 12px 18px 24px; border-left: 1px solid var(--line); }
.tile:first-child { border-left: 0; padding-left: 40px; }
.tile b { display: block; font-size: 25px; line-height: 1.25; font-weight: 600; white-space: nowrap; }
.tile.bad b { color: var(--failed); }
.tile span { display: block; color: var(--soft); font-size: 13px; }
h2 { margin: 0 0 12px; font-size: 17px; }
p { margin: 0 0 10px; } p:last-child { margin-bottom: 0; }
.soft { color: var(--soft); font-size: 13.5px; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 0 0 6px; padding: 0; list-style: none; }
.legend { font-size: 13.5px; }
.legend svg { width: 12px; height: 12px; margin-right: 7px; vertical-align: -1px; }
.chart { display: block; width: 100%; height: auto; }
.chart text { font-size: 13px; fill: var(--ink); } .chart .count { fill: var(--soft); }
svg .equal { fill: var(--equal); } svg .different { fill: var(--different); }
svg .missing { fill: var(--missing); } svg .stripe { fill: var(--paper); }
.chart > .missing, .legend .missing { fill: url(#hatch); } .chart .none { fill: var(--soft); }
.chart .count .bad { fill: var(--failed); font-weight: 600; }
.chart .divide { stroke: var(--line); stroke-dasharray: 3 4; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th, td { padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td:first-child { min-width: 40%; } th { color: var(--soft); font-weight: 500; font-size: 13px; }
td.number, th.number { padding-right: 16px; text-align: right; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
code, .path { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: 150px 1fr; gap: 7px 16px; margin: 0; font-size: 14px; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ul { margin: 0; padding-left: 18px; }
.sum { margin: 16px 0 0; padding: 10px 14px; border-left: 3px solid var(--line); font-size: 14px; }
footer { color: var(--soft); font-size: 13px; }
@media (max-width: 700px) {
  section, header, footer { padding: 20px; }
  .tiles { grid-template-columns: repeat(2, 1fr); padding: 0; }
  .tile, .tile:first-child { padding: 14px 20px; } .tile:nth-child(odd) { border-left: 0; }
  .tile:nth-child(n+3) { border-top: 1px solid var(--line); }
  section.long { overflow-x: auto; }
  dl { grid-template-columns: 1fr; gap: 2px; } dd { margin-bottom: 8px; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ground: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb;
    --equal: #3b6ea8; --different: #c2382b; --missing: #d39a1f;
    --passed: #1c7a4c; --failed: #b3261e; --undone: #8a5a00;
    --passed-wash: #ffffff; --failed-wash: #ffffff; --undone-wash: #ffffff;
  }
  @page { margin: 16mm 14mm; }
  body { padding: 0; font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; border: 0; } section, header, footer { padding: 14px 0; }
  .tile:first-child { padding-left: 0; }
  section, tr { break-inside: avoid; } section.long { break-inside: auto; } h2 { break-after: avoid; }
}
"""
