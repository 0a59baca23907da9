/**
 * The report's one style sheet: system fonts, light and dark, from 360 px up, fit to print. One colour
 * means one thing in the whole page; the names are in signs.ts, the widths of charts in drawing.ts.
 */

/** By name; text in any of the inks on either ground has a contrast of 4.5:1 at least (held by a test). */
const LIGHT = {
  ground: '#f4f4f1',
  card: '#ffffff',
  ink: '#1b1f24',
  soft: '#555d66',
  line: '#dcdcd6',
  wash: '#f1f2ef',
  link: '#0b57a4',
  good: '#176b3f',
  bad: '#b3261e',
  warn: '#855300',
  commit: '#0b57a4',
  dots: '#7ea9d3',
  attack: '#b3261e',
  evidence: '#8f5700',
  sentence: '#6c3fa3',
  fault: '#555d66',
  reference: '#6a737d',
  'series-1': '#00707a',
  'series-2': '#a8327e',
  'series-3': '#5c6700',
  'series-4': '#4453b5',
  'series-5': '#8b4a2b',
  'series-6': '#454c54',
} as const;

const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  ground: '#101316',
  card: '#191d22',
  ink: '#e8eaec',
  soft: '#a4adb7',
  line: '#333a42',
  wash: '#22272d',
  link: '#7ab6f5',
  good: '#58cf94',
  bad: '#ff8d83',
  warn: '#efb54f',
  commit: '#7ab6f5',
  dots: '#4a78a8',
  attack: '#ff8d83',
  evidence: '#efb54f',
  sentence: '#c8a5f5',
  fault: '#a4adb7',
  reference: '#98a2ac',
  'series-1': '#4fc4cf',
  'series-2': '#f08ac6',
  'series-3': '#b9c64a',
  'series-4': '#9aa8ff',
  'series-5': '#dc9c7c',
  'series-6': '#c3c9cf',
};

function variables(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}

export const STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,sans-serif;overflow-wrap:anywhere}
header,nav,main,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:19px;line-height:1.3;margin:0 0 2px;letter-spacing:-.005em}
h3{font-size:15px;margin:0 0 2px}
header p,.lead,.words,.note,.quiet,footer{color:var(--soft)}
header p,.lead,.words,.note{margin:2px 0 8px;max-width:78ch}
.lead{margin-bottom:14px}.words{font-size:13.5px}.note,.quiet{font-size:13px}
footer{padding-bottom:40px;font-size:13px}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999px;top:0;background:var(--card);padding:8px 12px;z-index:1}
.skip:focus{left:8px;top:8px}
nav ul{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:12px 0 0;padding:0;font-size:13.5px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0;
min-width:0;scroll-margin-top:8px}
.verdict{margin:10px 0 14px;padding:10px 16px;border-radius:8px;background:var(--wash);
border-left:5px solid var(--tone);font-size:16px}
.verdict p{margin:0}.verdict strong{color:var(--tone)}
.verdict ul{margin:6px 0 0;padding-left:20px;font-size:14px}
.verdict.good,.tile.good{--tone:var(--good)}.verdict.bad,.tile.bad{--tone:var(--bad)}
.verdict.warn,.tile.warn{--tone:var(--warn)}
span.good{color:var(--good)}span.bad{color:var(--bad)}span.good,span.bad{white-space:nowrap}
.tiles{display:flex;flex-wrap:wrap;gap:1px;margin:0 0 16px;
background:var(--line);border:1px solid var(--line);border-radius:8px;overflow:hidden}
.tile{background:var(--card);padding:10px 14px;flex:1 1 225px}
.tile dt{color:var(--soft);font-size:13px}
.tile dd{margin:0}
.tile b{display:block;font-size:23px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums;
color:var(--tone,var(--ink))}
.tile span{color:var(--soft);font-size:12.5px}
dl:not(.tiles){display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:0 28px;
margin:8px 0;font-size:13.5px;font-variant-numeric:tabular-nums}
dl>div:not(.tile){display:flex;gap:12px;justify-content:space-between;padding:5px 0;border-bottom:1px solid var(--line)}
dl>div:not(.tile)>dt{color:var(--soft)}
dl>div:not(.tile)>dd{margin:0;text-align:right;flex:none;max-width:65%}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:22px 36px;
align-items:start;margin-bottom:22px}
figure{margin:0 0 18px;min-width:0}
.beside>*{min-width:0;margin:0}
.plot{container-type:inline-size;max-width:1080px}
.plot.widths-2{max-width:560px}
.plot svg{display:block;width:100%;height:auto;overflow:visible}
.plot text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
.at-half,.at-whole{display:none}
.at-narrow{max-width:400px}
@container (min-width:440px){.at-narrow{display:none}.at-half{display:block}}
@container (min-width:820px){.widths-3>.at-half{display:none}.at-whole{display:block}}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;font-size:13px;margin:0 0 6px;padding:0}
.legend li{display:flex;align-items:center;gap:6px}
.legend svg{flex:none}
.scroll{overflow-x:auto;margin:4px 0 10px}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums;min-width:min(100%,420px)}
caption{text-align:left;font-weight:600;font-size:15px;padding:8px 0 4px;white-space:nowrap}
.unseen{position:absolute;width:1px;height:1px;padding:0;overflow:hidden;clip-path:inset(50%)}
th,td{padding:5px 18px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;text-align:left;
overflow-wrap:normal}
th.n,td.n{text-align:right;white-space:nowrap}
thead th{color:var(--soft);font-weight:500}
tbody th{font-weight:500;min-width:90px}
tbody tr:last-child>*{border-bottom:0}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
td code,th code{overflow-wrap:anywhere}
pre{overflow-x:auto;background:var(--wash);border-radius:8px;padding:12px;margin:8px 0;max-height:70vh}
pre.command{white-space:pre-wrap}
details{margin:6px 0}
summary{cursor:pointer;color:var(--link);font-size:13.5px;width:fit-content}
@media(max-width:520px){header,nav,main,footer{padding-left:12px;padding-right:12px}
section{padding:14px 12px}.tile{padding:8px 10px;flex-basis:140px}.tile b{font-size:19px}
h1{font-size:22px}th,td{padding-right:12px}caption{white-space:normal}}
@page{margin:14mm}
@media print{body{background:#fff;color:#000;font-size:10.5pt}header,nav,main,footer{max-width:none;padding:0}
nav,.skip{display:none}section{border:0;border-top:1px solid #999;border-radius:0;padding:10px 0;margin:10px 0}
figure,.tiles,.verdict,tr,pre.command,.legend,dl>div,.lead,.words,.note{break-inside:avoid}p{orphans:3;widows:3}h2,h3,.lead,.words,caption{break-after:avoid}
.scroll,pre{overflow:visible;max-height:none}pre{white-space:pre-wrap;background:none;border:1px solid #ccc}
table{font-size:8.5pt}th,td,th.n,td.n,caption{padding-right:8px;overflow-wrap:anywhere;white-space:normal}.verdict{background:none;border:1px solid #999;
border-left:5px solid var(--tone)}details:not([open]){display:none}summary{color:#000;list-style:none}a{color:#000}}
`.replaceAll('\n', '');
