/** The report's one style sheet: system fonts, light and dark, from 360 px up, fit to print. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f6f3;--card:#fff;--ink:#1c1f23;--soft:#626a73;--line:#e2e2dc;
--accent:#1f6feb;--tint:#1f6feb1f;--good:#1a7f4b;--bad:#c4372c;--warn:#a86400}
@media(prefers-color-scheme:dark){:root{--bg:#111417;--card:#1a1e23;--ink:#e6e8ea;--soft:#98a1ab;
--line:#2c3239;--accent:#6ea8fe;--tint:#6ea8fe26;--good:#4cc38a;--bad:#ff7b72;--warn:#e3b341}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,sans-serif;overflow-wrap:anywhere}
main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}
header h1{font-size:26px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
header p{margin:0;color:var(--soft)}
.verdict{margin:18px 0;padding:14px 18px;border-radius:10px;background:var(--card);
border:1px solid var(--line);border-left:5px solid var(--tone);font-size:16px}
.verdict strong{color:var(--tone)}
.verdict ul{margin:6px 0 0;padding-left:20px;color:var(--soft);font-size:14px}
.good{--tone:var(--good)}.bad{--tone:var(--bad)}.warn{--tone:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:12px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.tile b{display:block;font-size:24px;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums;
color:var(--tone,var(--ink))}
.tile span{color:var(--soft);font-size:13px}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:14px;
margin-top:14px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;
min-width:0;margin-top:14px}
.grid2>section{margin-top:0}
h2{font-size:16px;margin:0 0 2px}
section>p{margin:2px 0 10px;color:var(--soft);font-size:13.5px}
svg{display:block;width:100%;height:auto}
svg.timeline{max-width:720px}
svg text{fill:var(--soft);font-size:11.5px}
svg .strong{fill:var(--ink);font-weight:600}
svg .grid{stroke:var(--line)}
svg .line{fill:none;stroke:var(--accent);stroke-width:2}
svg .area{fill:var(--tint)}
svg .mark{stroke:var(--tone,var(--soft));stroke-dasharray:3 3}
svg .lane{stroke:var(--soft);stroke-width:2}
svg .dots{fill:var(--accent);fill-opacity:.55}
svg circle.good,svg circle.bad,svg circle.warn{fill:var(--tone)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin:6px 0 0}
.legend i{display:inline-block;width:10px;height:10px;border-radius:5px;background:var(--tone);
margin-right:6px}
.scroll{overflow-x:auto}
.scroll td,.scroll th{overflow-wrap:normal;padding-right:16px}
.scroll td:first-child{min-width:90px}
.scroll td.pair{white-space:nowrap}
.cases{margin:10px 0 4px;max-width:720px}
.facts td:first-child{width:min(45%,260px);color:var(--soft)}
section .facts{margin-top:8px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{text-align:left;color:var(--soft);font-weight:500}
th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;white-space:nowrap}
td.tick{width:28px}.scroll td.tick{min-width:28px;white-space:nowrap}
.facts td.n{text-align:left;white-space:normal}
.mark-ok{color:var(--good)}.mark-no{color:var(--bad)}
.bars{display:grid;grid-template-columns:minmax(70px,auto) 1fr auto;gap:5px 12px;align-items:center;
font-size:13.5px;font-variant-numeric:tabular-nums}
.bars .bar{background:var(--line);border-radius:4px;height:10px}
.bars i{display:block;height:10px;border-radius:4px;background:var(--accent);min-width:2px}
.bars .figure{color:var(--soft);text-align:right}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
pre{overflow-x:auto;background:var(--bg);border-radius:8px;padding:12px;margin:8px 0 0}
summary{cursor:pointer;font-weight:600}
@media(max-width:760px){.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media(max-width:480px){main{padding:18px 12px 40px}section{padding:14px 12px}.tile b{font-size:21px}
svg text{font-size:18px}svg .strong{font-size:17px}
.cases td,.cases th{padding-right:8px;font-size:12.5px}.cases td:first-child{min-width:64px}}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
`.replaceAll('\n', '');
