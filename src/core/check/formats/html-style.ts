/** Style of reports: light and dark by what the reader prefers, fit for print and for a telephone. */
export const reportStyle = `:root{color-scheme:light dark;--ink:#1b1d21;--paper:#fff;--soft:#f3f4f6;--line:#d0d4da;--faint:#5b626d;--good:#11692f;--bad:#b3141c;--weak:#8a5300;--link:#0b57b4}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--paper:#15171a;--soft:#202329;--line:#3b4049;--faint:#a4abb6;--good:#6fd391;--bad:#ff8f8a;--weak:#f0b35a;--link:#8ab8ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0}
h2{font-size:1.2rem;margin:2rem 0 .5rem}
h3{font-size:1.05rem;margin:1.5rem 0 .5rem}
h4{font-size:1rem;margin:1rem 0 .5rem}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.report{margin-top:1.5rem}
.report+.report{border-top:2px solid var(--line);margin-top:3rem;padding-top:1rem}
.verdict{border-left:.5rem solid var(--weak);background:var(--soft);padding:.75rem 1rem}
.verdict-protected{border-color:var(--good)}
.verdict-cleartext,.verdict-broken{border-color:var(--bad)}
.verdict p,.verdict ul,.verdict h2{margin:.25rem 0}
.word{font-weight:600}
.when,.source,.left-out,small{color:var(--faint)}
.badge{display:inline-block;border:1px solid currentColor;border-radius:.25rem;padding:0 .4rem;font-size:.85rem;font-weight:600}
.scroll{overflow-x:auto;position:relative}
table{border-collapse:collapse;width:100%;font-size:.95rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid var(--line)}
th[scope=row]{font-weight:600}
thead th,tbody th,.state{overflow-wrap:break-word}
thead th,.state,.badge{white-space:nowrap}
.state small{white-space:normal;min-width:8em}
.grid{white-space:nowrap}
.grid .host th{background:var(--soft)}
.state-on,.cell-good,.protection-authenticated,.verdict-protected .badge{color:var(--good)}
.state-broken,.cell-bad,.does-delays,.does-returns,.protection-cleartext,.severity-breaks-now .badge,.severity-will-break .badge,.verdict-cleartext .badge,.verdict-broken .badge{color:var(--bad)}
.state-partly,.state-testing,.state-unknown,.cell-weak,.cell-unknown,.does-cannot-tell,.protection-encrypted,.protection-host-authenticated,.severity-weakens .badge,.verdict-protected-partly .badge,.verdict-opportunistic .badge,.verdict-undetermined .badge{color:var(--weak)}
.state,.cell-bad{font-weight:600}
.cell-bad::before{content:"\\2717\\a0"}
.cell-weak::before{content:"!\\a0"}
.state small{font-weight:400;display:block}
.finding{border:1px solid var(--line);border-radius:.25rem;margin:.5rem 0;padding:.5rem .75rem}
summary{cursor:pointer}
dl{margin:.5rem 0 0}
dt{font-weight:600;margin-top:.5rem}
dd{margin:0 0 .25rem 1rem}
q{quotes:none;font-family:ui-monospace,monospace;font-size:.9rem}
pre{background:var(--soft);border:1px solid var(--line);margin:.25rem 0;padding:.5rem;overflow-x:auto;font:.9rem/1.4 ui-monospace,monospace}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media print{:root{--ink:#000;--paper:#fff;--soft:#fff;--faint:#333;--good:#000;--bad:#000;--weak:#000;--link:#000}body{max-width:none;font-size:10pt}.scroll{overflow:visible}.grid{white-space:normal;font-size:8pt}pre{white-space:pre-wrap;overflow:visible}details:not([open])::details-content{content-visibility:visible}.finding,tr{break-inside:avoid}h1,h2,h3,h4{break-after:avoid}.report+.report{break-before:page}}
`
