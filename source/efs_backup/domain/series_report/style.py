"""The looks that only the series report has, beside those of every page."""

STYLE = """
:root { --ok: #2f7d4f; --part: #b7791f; --bad: #c2382b; --empty: #e7eaee; --accent: #3b6ea8; --wash: #3b6ea822; }
@media (prefers-color-scheme: dark) {
  :root { --ok: #58b980; --part: #e2b04a; --bad: #f0766b; --empty: #262d37; --accent: #6fa3dc; --wash: #6fa3dc2e; }
}
.plot { display: block; width: 100%; height: auto; }
.plot text { font-size: 12px; fill: var(--soft); }
.plot .grid { stroke: var(--line); }
g.none rect { fill: var(--empty); } g.other rect { fill: none; stroke: var(--soft); }
g.success rect { fill: var(--ok); } g.incomplete rect { fill: var(--part); } g.failed rect { fill: var(--bad); }
g.shade1 rect { fill-opacity: .4; } g.shade2 rect { fill-opacity: .6; } g.shade3 rect { fill-opacity: .8; }
g path { stroke: var(--paper); stroke-width: 2.4; stroke-linecap: round; fill: none; }
g.other path { stroke: var(--soft); }
.plot > .success { fill: var(--accent); } .plot > .incomplete { fill: var(--part); }
.plot > .failed { fill: var(--bad); } .plot > .other { fill: var(--soft); }
.plot .area { fill: var(--wash); } .plot .line { fill: none; stroke: var(--accent); stroke-width: 2; }
.plot .dot { fill: var(--accent); }
.plot path.window, .plot path.trend { fill: none; stroke-width: 1.6; stroke-dasharray: 6 4; }
.plot path.window { stroke: var(--bad); } .plot text.window { fill: var(--bad); }
.plot path.trend { stroke: var(--soft); stroke-dasharray: 2 4; }
.legend.squares { margin-top: 8px; } .legend.squares svg { width: 14px; height: 14px; margin-right: 5px; }
details { margin-top: 10px; font-size: 13.5px; } summary { color: var(--soft); cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
details table { margin-top: 8px; } td.path { min-width: 30%; }
p + table, ul + table, table + table { margin-top: 14px; } .plot + .soft { margin-top: 6px; }
@media (max-width: 700px) { .plot:not(.calendar) { min-width: 560px; } section { overflow-x: auto; } }
@media print {
  :root { --ok: #2f7d4f; --part: #b7791f; --bad: #c2382b; --empty: #e7eaee; --accent: #3b6ea8; --wash: #3b6ea822; }
  details { display: none; }
}
"""
