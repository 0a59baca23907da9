/** A campaign file → every run it asks for. What is wrong with it ends as one ManifestError. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { EXIT, LabError } from '../errors.ts';
import type { ManifestDocument, Path } from '../manifest/document.ts';
import { MAX_FILE_BYTES, readDocument } from '../manifest/document.ts';
import { explainIssues } from '../manifest/explain.ts';
import { parseTestnet } from '../manifest/load.ts';
import { ManifestError, type Problem } from '../manifest/problem.ts';
import { MAX_SETTINGS } from '../manifest/settings.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { type Cell, cellCount, cellsOf } from './grid.ts';
import { type CampaignFile, campaignSchema, MAX_CELLS, MAX_RUNS } from './schema.ts';

const HOW = 'docs/CAMPAIGNS.md says what a campaign file may say';

/** What a command may change about a campaign file. */
export interface CampaignOverrides {
  /** Runs of each cell: of the file's seeds the first so many, and those that follow the last. */
  readonly runs?: number | undefined;
  readonly driver?: CampaignFile['driver'] | undefined;
  /** Instead of the file that the campaign names. */
  readonly testnetFile?: string | undefined;
}

/** A campaign as it is carried out. */
export interface Campaign {
  readonly name: string;
  readonly source: string;
  /** Absolute path of the testnet file, and its text. */
  readonly testnetFile: string;
  readonly testnetSource: string;
  readonly seeds: readonly number[];
  /** The first so many seeds choose thresholds. */
  readonly training: number;
  readonly driver: CampaignFile['driver'];
  readonly cryptography: 'real' | 'ideal';
  readonly cells: readonly CampaignCell[];
  /** Networks without adversaries, each shared by all cells that differ in their adversaries alone. */
  readonly controls: readonly { readonly settings: readonly string[] }[];
}

export interface CampaignCell extends Cell {
  /** Which of the controls is its own; null: it has no adversary, or none was asked for. */
  readonly control: number | null;
}

/** Reads and checks a campaign file and its testnet with every cell's settings. */
export function loadCampaign(file: string, overrides: CampaignOverrides = {}): Campaign {
  const source = textOf(file, 'name a file such as testnets/campaigns/colluding-liars.yaml');
  const { campaign, document } = parseCampaign(source, file);
  const { runs, driver = campaign.driver } = overrides;
  const { cryptography = driver === 'sim' ? 'ideal' : 'real' } = campaign;
  const problems: Problem[] = [];
  const report = (at: Path, message: string, part?: 'value' | 'key'): number =>
    problems.push(document.at(at, message, part));
  const seeds = seedsOf(campaign, runs);
  if (new Set(seeds).size < seeds.length) report(['seeds'], 'a seed twice; allowed: each once');
  if (campaign.training >= seeds.length && campaign.training > 0) {
    report(['training'], `found ${campaign.training}; allowed: below ${seeds.length}, the seeds`);
  }
  if (cryptography === 'ideal' && driver !== 'sim') {
    report(['cryptography'], 'found ideal; allowed: with driver: sim');
  }
  const count = cellCount(campaign);
  if (count > MAX_CELLS || count * seeds.length > MAX_RUNS) {
    const found = `${count} cells of ${seeds.length} runs`;
    report(['grid'], `${found}; allowed: at most ${MAX_CELLS} cells and ${MAX_RUNS} runs`, 'key');
  }
  if (problems.length > 0) throw new ManifestError(file, problems, HOW);
  const testnetFile =
    overrides.testnetFile ?? path.resolve(path.dirname(path.resolve(file)), campaign.testnet);
  const testnetSource = testnetTextOf(testnetFile, document, file);
  const checked = checkCells({ campaign, document, file }, testnetFile, testnetSource);
  return {
    name: campaign.name,
    source,
    testnetFile,
    testnetSource,
    seeds,
    training: campaign.training,
    driver,
    cryptography,
    ...checked,
  };
}

function textOf(file: string, remedy: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) {
      const message = `the file has ${size} bytes; allowed: at most ${MAX_FILE_BYTES}`;
      throw new ManifestError(file, [{ line: 1, column: 1, message }], HOW);
    }
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof ManifestError) throw cause;
    throw new LabError(`cannot read ${file}`, { exitCode: EXIT.badUse, remedy, cause });
  }
}

function parseCampaign(
  text: string,
  file: string,
): { readonly campaign: CampaignFile; readonly document: ManifestDocument } {
  const read = readDocument(text);
  if (!read.ok) throw new ManifestError(file, read.problems, HOW);
  const { document } = read;
  const parsed = campaignSchema.safeParse(document.value);
  if (!parsed.success) {
    throw new ManifestError(file, explainIssues(document, parsed.error.issues), HOW);
  }
  return { campaign: parsed.data, document };
}

function testnetTextOf(testnetFile: string, document: ManifestDocument, file: string): string {
  try {
    return textOf(testnetFile, '');
  } catch (error) {
    if (!(error instanceof LabError) || error instanceof ManifestError) throw error;
    const message = `${error.message}; allowed: a testnet file, as seen from this file`;
    throw new ManifestError(file, [document.at(['testnet'], message)], HOW);
  }
}

function seedsOf({ seeds }: CampaignFile, runs: number | undefined): readonly number[] {
  const given = Array.isArray(seeds) ? seeds : Array.from({ length: seeds }, (_, at) => at + 1);
  if (runs === undefined) return given;
  const last = Math.max(...given);
  return Array.from({ length: runs }, (_, at) => given[at] ?? last + 1 + at - given.length);
}

interface Checked {
  readonly campaign: CampaignFile;
  readonly document: ManifestDocument;
  readonly file: string;
}

/** The testnet with every cell's settings, and which controls the cells share. */
function checkCells(
  { campaign, document, file }: Checked,
  testnetFile: string,
  text: string,
): Pick<Campaign, 'cells' | 'controls'> {
  const shown = path.relative(process.cwd(), testnetFile);
  // What is wrong with the file alone is told as of any testnet.
  parseTestnet(text, shown);
  const { cells, causes } = cellsOf(campaign);
  const problems = new Map<string, Problem>();
  const controls = new Map<
    string,
    { readonly index: number; readonly settings: readonly string[] }
  >();
  const withControls = cells.map((cell): CampaignCell => {
    const { settings } = cell;
    try {
      if (settings.length > MAX_SETTINGS) throw new RangeError('more settings than a run takes');
      const testnet = parseTestnet(text, shown, { settings });
      const isHonest = testnet.members.every(({ adversary }) => adversary === undefined);
      if (!campaign.control || isHonest) return { ...cell, control: null };
      const key = networkKey(parseTestnet(text, shown, { settings, honest: true }));
      const known = controls.get(key) ?? { index: controls.size, settings };
      controls.set(key, known);
      return { ...cell, control: known.index };
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      for (const problem of error.problems) {
        const found = placed(problem, settings, causes, document, shown);
        problems.set(`${found.line}:${found.column}:${found.message}`, found);
      }
      return { ...cell, control: null };
    }
  });
  if (problems.size > 0) throw new ManifestError(file, [...problems.values()], HOW);
  return {
    cells: withControls,
    controls: [...controls.values()].map(({ settings }) => ({ settings })),
  };
}

/** A problem of a cell at the place of the campaign file that brings it about. */
function placed(
  { setting, message, line }: Problem,
  settings: readonly string[],
  causes: ReadonlyMap<string, Path>,
  document: ManifestDocument,
  testnet: string,
): Problem {
  const cause = setting === undefined ? undefined : causes.get(setting);
  // The message names the path in the testnet, which is what is written there.
  if (cause !== undefined) return { ...document.at(cause, ''), message };
  const given = settings.join(', ');
  return document.at(['testnet'], `${testnet}:${line}: ${message} (with ${given})`);
}

/** Equal for testnets that are carried out alike. */
function networkKey(testnet: Testnet): string {
  return JSON.stringify({ ...testnet, settings: [], source: '', expect: [] });
}
