/** Every single figure that a run's report tells, beside what the result's JSON has of the same name. */
import type { AttackResult, Quantiles, RunResult } from '../../lab/analysis/result.ts';
import type { Kind, ReadReport } from './reading.ts';
import { rowsOf, sentence, word, type Panel, type Told, type Untold } from './told.ts';

export function toldFigures(report: ReadReport, result: RunResult): Told[] {
  return [
    ...tiles(report, result),
    ...beliefs(report, result),
    ...result.attacks.flatMap((attack, at) => ofAttack(report, attack, at)),
    ...transactions(report, result),
    ...messages(report, result),
    ...links(report, result),
    ...detection(report, result),
  ];
}

function tiles({ tiles: all }: ReadReport, result: RunResult): Told[] {
  const { transactions: of, finality, detection: found, attacks, messages: sent } = result;
  const slashed = attacks.reduce((sum, attack) => sum + attack.slashed, 0);
  const [lo, hi] = found.rateInterval ?? [null, null];
  const n: Untold = ['n', 'count', finality.n, ['Finality', 'final']];
  const safety: Untold = [
    'violations',
    'count',
    of.safetyViolations,
    ['Transactions', 'safety violations'],
  ];
  const wronged: Untold = [
    'false slashes',
    'count',
    found.falseSlashes,
    ['Honest identities wronged', 'false slashes'],
  ];
  const offenders: Untold = ['offenders', 'count', found.offenders, ['Detection', 'offenders']];
  const forms: Readonly<Record<string, readonly [string, readonly Untold[]]>> = {
    'transactions committed': [
      '{} | of {} submitted',
      [
        ['committed', 'count', of.committed, ['Transactions', 'committed']],
        ['submitted', 'count', of.submitted, ['Transactions', 'submitted']],
      ],
    ],
    'finality, median': ['{} | n {}', [['p50', 'time', finality.p50, ['Finality', 'median']], n]],
    'finality, p99': ['{} | n {}', [['p99', 'time', finality.p99, ['Finality', '99 %']], n]],
    'safety violations': ['{} | ✓ none', [safety]],
    'liars detected': [
      '{} of {} | 95 % interval {} – {}',
      [
        ['detected', 'count', found.truePositives, ['Detection', 'detected']],
        offenders,
        ['from', 'share', lo],
        ['to', 'share', hi],
      ],
    ],
    'slashed by vote': [
      `{} | of {} ${word(found.offenders, 'offender')}`,
      [['slashed', 'count', slashed], offenders],
    ],
    'false slashes': ['{} | ✓ none', [wronged]],
    'a peer and second': [
      '{} | sent, UDP payload',
      [['bytes', 'bytes', sent.bytesPerPeerPerSecond, ['Messages and bytes', 'per peer']]],
    ],
  };
  return [...all].flatMap(([label, [figure, note]]) => {
    const [form, figures] = forms[label] ?? [];
    if (form === undefined || figures === undefined) throw new Error(`tile ${label} is unknown`);
    return sentence(`${figure} | ${note}`, form, figures);
  });
}

function beliefs({ tables }: ReadReport, { links: all, telemetry }: RunResult): Told[] {
  const because = tables.get('Is it to be trusted?')?.rows.map((row) => row[2]) ?? [];
  return [
    ...sentence(because[0], `{} of {} measured ${word(all.length, 'pair')} within tolerance`, [
      ['as asked', 'count', all.filter(({ ok }) => ok).length],
      ['measured', 'count', all.length],
    ]),
    ...sentence(because[2], '{} rows, {} dropped', [
      ['rows', 'count', telemetry.rows],
      ['dropped', 'count', telemetry.dropped],
    ]),
  ];
}

const ATTACKS = 'Attacks: medians from the first lie that an honest member received';

function ofAttack({ leads, facts }: ReadReport, one: AttackResult, at: number): Told[] {
  const own = facts.get(`attack-${at}`);
  const panel = (field: string): Panel => [ATTACKS, one.id, field];
  const fact = (name: string, value: number | null, field: string): Told => ({
    name,
    kind: 'time',
    value,
    text: own?.get(name) ?? '',
    panel: panel(field),
  });
  // Behind the figures stand words on what counts as success.
  const [lead = ''] = (leads.get(`attack-${at}`) ?? '').split(' What counts as its success');
  return [
    ...sentence(
      lead,
      `Strike at {}. Of {} ${word(one.adversaries, 'adversary', 'adversaries')} {} told a provable lie; ` +
        `{} of those were detected by ${one.detectedBy.join(', ')}, {} slashed by vote.`,
      [
        ['strike', 'time', one.strikeMs],
        ['adversaries', 'count', one.adversaries, panel('adversaries')],
        ['offenders', 'count', one.offenders, panel('offenders')],
        ['detected', 'count', one.detected, panel('detected')],
        ['slashed', 'count', one.slashed, panel('slashed')],
      ],
    ),
    fact('first lie → evidence, median', one.timeToDetectMs, 'time to detect'),
    fact('first lie → first ban, median', one.timeToBanMs, 'time to ban'),
    fact('first lie → slashing, median', one.timeToSlashMs, 'time to slash'),
  ];
}

function transactions({ words, tables, verdict, heading }: ReadReport, result: RunResult): Told[] {
  const { transactions: of, finality, durationMs, peers, seed } = result;
  const many = word(of.submitted, 'transaction');
  const committed: Untold = ['committed', 'count', of.committed];
  const submitted: Untold = ['submitted', 'count', of.submitted];
  const share = of.submitted === 0 ? null : of.committed / of.submitted;
  // The ends of the median's interval stand in the report alone.
  const [range = ''] = /\(95 % .*?\), /.exec(words.get('How long until final') ?? '') ?? [];
  return [
    ...sentence(
      words.get('How long until final')?.replace(range, ''),
      `Of {} ${word(finality.n, 'transaction')}, half were final within {} nine of ten within {}, 99 of 100 within {}; the slowest took {}.`,
      [
        ['n', 'count', finality.n],
        ['p50', 'time', finality.p50],
        ['p90', 'time', finality.p90, ['Finality', '90 %']],
        ['p99', 'time', finality.p99],
        ['max', 'time', finality.max],
      ],
    ),
    ...quantiles(tables.get('How long until final')?.rows ?? [], finality),
    ...sentence(
      words.get('Submitted and committed')?.split(' On average')[0],
      `{} of {} ${many} committed ({}); {} timed out, {} conflicting.`,
      [
        committed,
        submitted,
        ['share', 'share', share],
        ['timed out', 'count', of.timedOut, ['Transactions', 'given up']],
        ['conflicting', 'count', of.conflicting, ['Transactions', 'in conflict']],
      ],
    ),
    ...sentence(
      verdict.split('. ')[1],
      `{} of {} ${many} committed, half of the {} that became final did within {}`,
      [committed, submitted, ['n', 'count', finality.n], ['p50', 'time', finality.p50]],
    ),
    ...sentence(
      heading.split(' · ').slice(1).join(' · '),
      `{} honest peers, {} adversarial ({} of them newcomers), {} clients in 2 regions · {} of load · driver sim · seed {}`,
      [
        ['honest', 'count', peers.honest],
        ['adversarial', 'count', peers.adversarial],
        ['newcomers', 'count', peers.newcomers],
        ['clients', 'count', peers.clients],
        ['duration', 'time', durationMs],
        ['seed', 'count', seed],
      ],
    ),
  ];
}

/** The table behind the distribution, whose columns are finality at the first, at enough and at all honest keepers. */
function quantiles(
  rows: readonly (readonly string[])[],
  { atFirst, atAll, ...final }: RunResult['finality'],
): Told[] {
  const levels: readonly (readonly [string, keyof Quantiles, Kind])[] = [
    ['p50', 'p50', 'time'],
    ['p90', 'p90', 'time'],
    ['p99', 'p99', 'time'],
    ['slowest', 'max', 'time'],
    ['n', 'n', 'count'],
  ];
  const curves = [atFirst, final, atAll].filter(({ n }) => n > 0);
  return levels.flatMap(([level, field, kind]) => {
    const cells = rows.find(([name]) => name === level)?.slice(1) ?? [];
    return curves.map(
      (curve, at): Told => ({
        name: `${level} of curve ${at}`,
        kind,
        value: curve[field],
        text: cells[at] ?? '',
      }),
    );
  });
}

function messages(report: ReadReport, { messages: sent }: RunResult): Told[] {
  const types = Object.entries(sent.byType).map(
    ([type, { count, bytes }]): readonly [string, readonly Untold[]] => [
      type,
      [
        ['messages', 'count', count],
        ['bytes', 'bytes', bytes],
      ],
    ],
  );
  return [
    ...sentence(
      report.leads.get('messages'),
      'Counted at the sender while load was on: {} messages in {} datagrams for each commit, {} messages a peer and commit, {} a peer and second.',
      [
        ['per commit', 'tenths', sent.perCommit, ['Messages and bytes', 'messages per commit']],
        ['datagrams', 'tenths', sent.datagramsPerCommit],
        ['per peer', 'tenths', sent.perPeerPerCommit],
        ['bytes', 'bytes', sent.bytesPerPeerPerSecond],
      ],
    ),
    ...rowsOf(report, 'Messages by type', types),
    ...rowsOf(report, 'Bytes by type', types),
  ];
}

function links(report: ReadReport, { links: all }: RunResult): Told[] {
  return rowsOf(
    report,
    'Asked and measured',
    all.map((link) => [
      `${link.from} – ${link.to}`,
      [
        ['asked', 'time', link.askedRttMs],
        ['measured', 'time', link.measuredRttMs],
        ['loss asked', 'share', link.askedLoss],
        ['loss measured', 'share', link.measuredLoss],
        ['probes', 'count', link.n],
      ],
    ]),
  );
}

const LAYERS = 'What detection layers cost honest peers';

function detection(report: ReadReport, { detection: found }: RunResult): Told[] {
  const [lo, hi] = found.rateInterval ?? [null, null];
  const { falsePositives, observerQueriesPerSecond } = found;
  return [
    ...sentence(
      report.leads.get('detection'),
      `{} of {} ${word(found.offenders, 'offender')} detected, {} missed: {} (95 % interval {} – {}; unit: the identity). ` +
        `{} honest ${word(falsePositives, 'identity', 'identities')} wrongly accused; ` +
        'each client asked {} questions a second, drawn independently of what was attacked.',
      [
        ['detected', 'count', found.truePositives],
        ['offenders', 'count', found.offenders],
        ['missed', 'count', found.falseNegatives, ['Detection', 'missed']],
        ['rate', 'share', found.rate, ['Detection', 'detection rate']],
        ['from', 'share', lo],
        ['to', 'share', hi],
        [
          'false positives',
          'count',
          falsePositives,
          ['Honest identities wronged', 'false positives'],
        ],
        ['questions', 'hundredths', observerQueriesPerSecond],
      ],
    ),
    ...rowsOf(
      report,
      'Flags by layer',
      (found.byLayer ?? []).map((row) => [
        row.layer,
        [
          ['adversaries', 'count', row.truePositives],
          ['honest', 'count', row.falsePositives],
          ['checks', 'count', row.checks, [LAYERS, row.layer, 'comparisons']],
          ['messages', 'count', row.messages, [LAYERS, row.layer, 'messages']],
          ['bytes', 'bytes', row.bytes, [LAYERS, row.layer, 'bytes']],
          ['signatures', 'count', row.signatures, [LAYERS, row.layer, 'signatures verified']],
        ],
      ]),
    ),
  ];
}
