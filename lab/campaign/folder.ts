/**
 * LAB_HOME/campaigns/NAME-xxxxxx: what a campaign is (`campaign.json`, and the two files it was made
 * from) and its rows (`results.jsonl`), each durable before the next run counts as made.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';
import { labHome } from '../home.ts';
import { takeLock } from '../supervisor/lock.ts';
import { type Campaign, type CampaignOverrides, loadCampaign } from './definition.ts';
import { type CampaignRow, parseRow } from './rows.ts';

const FILES = {
  about: 'campaign.json',
  campaign: 'campaign.yaml',
  testnet: 'testnet.yaml',
  rows: 'results.jsonl',
  telemetry: 'telemetry',
  working: 'working',
} as const;

const aboutSchema = z.object({
  campaign: z.string(),
  /** Of all that decides what its runs are. */
  digest: z.string(),
  version: z.string(),
  startedAt: z.string(),
  runs: z.number().optional(),
  driver: z.enum(['sim', 'docker', 'process']).optional(),
  /** The testnet file as it was named, for commands. */
  testnetFile: z.string(),
});
type About = z.output<typeof aboutSchema>;

/** A campaign's folder, as this process found or made it. */
export class CampaignFolder {
  readonly directory: string;
  readonly about: About;
  readonly campaign: Campaign;
  /** By id, the newest of each. */
  readonly rows = new Map<string, CampaignRow>();
  #file: number | null = null;
  #release: (() => void) | null = null;

  constructor(directory: string, about: About, campaign: Campaign) {
    this.directory = directory;
    this.about = about;
    this.campaign = campaign;
    const file = path.join(directory, FILES.rows);
    if (!existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const row = parseRow(line);
      if (row !== null) this.rows.set(row.id, row);
    }
  }

  get name(): string {
    return this.about.campaign;
  }

  /** Where the store of all rows is: as of a run (`lab query --campaign`). */
  get telemetry(): string {
    return path.join(this.directory, FILES.telemetry);
  }

  /** The folder that runs under way share; nothing in it outlives them. */
  get working(): string {
    return path.join(this.directory, FILES.working);
  }

  /** The copy of the testnet file. */
  get testnet(): string {
    return path.join(this.directory, FILES.testnet);
  }

  /** Takes the folder for this process. Throws a LabError when another one is carrying it out. */
  open(): void {
    try {
      this.#release = takeLock(this.directory);
    } catch (cause) {
      throw new LabError(`${this.name} is being carried out by another process`, {
        exitCode: EXIT.badUse,
        remedy: 'wait for it, or give --fresh to begin another',
        cause,
      });
    }
    // What a killed campaign left.
    rmSync(this.working, { recursive: true, force: true });
    mkdirSync(this.working);
    this.#file = openSync(path.join(this.directory, FILES.rows), 'a+', 0o600);
    cutTornLine(this.#file, path.join(this.directory, FILES.rows));
  }

  /** Keeps a row: when this returns, no crash loses it. */
  write(row: CampaignRow): void {
    if (this.#file === null) throw new Error(`${this.name} is not open`);
    writeSync(this.#file, `${JSON.stringify(row)}\n`);
    fdatasyncSync(this.#file);
    this.rows.set(row.id, row);
  }

  /**
   * Makes the store of all rows anew from the rows: an interruption leaves no half of it. Tables
   * campaign_runs, campaign_cases, campaign_scores.
   */
  async store(): Promise<void> {
    rmSync(this.telemetry, { recursive: true, force: true });
    const { storeRows } = await import('./store.ts');
    await storeRows(this.telemetry, [...this.rows.values()]);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    rmSync(this.working, { recursive: true, force: true });
    this.#release?.();
    this.#release = null;
  }
}

/** A crash in the middle of a write leaves a line without its end: it was never a row. */
function cutTornLine(descriptor: number, file: string): void {
  const content = readFileSync(file);
  const end = content.lastIndexOf('\n'.charCodeAt(0)) + 1;
  if (end < content.length) ftruncateSync(descriptor, end);
}

function root(): string {
  return path.join(labHome(), 'campaigns');
}

/** The newest campaign of exactly these runs by this version, or null. */
export function findSame(campaign: Campaign, version: string): CampaignFolder | null {
  const digest = digestOf(campaign);
  const same = list().filter(({ about }) => about.digest === digest && about.version === version);
  const last = same.at(-1);
  return last === undefined ? null : new CampaignFolder(last.directory, last.about, campaign);
}

/** The folder of a new campaign. */
export function create(
  campaign: Campaign,
  version: string,
  { runs, driver }: CampaignOverrides,
): CampaignFolder {
  const name = `${campaign.name}-${randomBytes(3).toString('hex')}`;
  const directory = path.join(root(), name);
  mkdirSync(root(), { recursive: true });
  mkdirSync(directory, { mode: 0o700 });
  const about: About = {
    campaign: name,
    digest: digestOf(campaign),
    version,
    startedAt: new Date().toISOString(),
    ...(runs === undefined ? {} : { runs }),
    ...(driver === undefined ? {} : { driver }),
    testnetFile: campaign.testnetFile,
  };
  writeFileSync(path.join(directory, FILES.campaign), campaign.source);
  writeFileSync(path.join(directory, FILES.testnet), campaign.testnetSource);
  writeFileSync(path.join(directory, FILES.about), `${JSON.stringify(about, null, 2)}\n`);
  return new CampaignFolder(directory, about, campaign);
}

/** The campaign that `word` names, whole or by a prefix that only it has, from its own copies. */
export function findNamed(word: string): CampaignFolder {
  const all = list();
  const exact = all.filter(({ about }) => about.campaign === word);
  const matching =
    exact.length > 0 ? exact : all.filter(({ about }) => about.campaign.startsWith(word));
  const [only] = matching;
  if (only === undefined || matching.length > 1) {
    const names = all.map(({ about }) => about.campaign).join(', ');
    throw new LabError(
      only === undefined
        ? `no campaign is called ${word}`
        : `${word} could be any of ${matching.length}`,
      {
        exitCode: EXIT.badUse,
        remedy: names === '' ? 'npx lab campaign FILE makes one' : `allowed: ${names}`,
      },
    );
  }
  const { directory, about } = only;
  const campaign = loadCampaign(path.join(directory, FILES.campaign), {
    runs: about.runs,
    driver: about.driver,
    testnetFile: path.join(directory, FILES.testnet),
  });
  return new CampaignFolder(directory, about, { ...campaign, testnetFile: about.testnetFile });
}

/** Every campaign under LAB_HOME, oldest first. */
function list(): { readonly directory: string; readonly about: About }[] {
  if (!existsSync(root())) return [];
  const found = readdirSync(root()).flatMap((name) => {
    const directory = path.join(root(), name);
    try {
      const text = readFileSync(path.join(directory, FILES.about), 'utf8');
      return [{ directory, about: aboutSchema.parse(JSON.parse(text)) }];
    } catch {
      // Half made by a command that was killed: nothing to go on with.
      return [];
    }
  });
  return found.toSorted((a, b) => a.about.startedAt.localeCompare(b.about.startedAt));
}

function digestOf(campaign: Campaign): string {
  const { seeds, driver, cryptography, cells, controls, training, testnetSource } = campaign;
  const decisive = { seeds, driver, cryptography, cells, controls, training, testnetSource };
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
}
