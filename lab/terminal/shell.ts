/** Commands as a person types them again. */

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./@=,:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What tells a run from others of the same testnet file. */
export interface RunChoices {
  readonly driver: string;
  readonly seed: number;
  readonly honest: boolean;
  readonly cryptography: 'real' | 'ideal';
  readonly settings: readonly string[];
}

/** `npx lab WORDS --driver … --seed …`: the command that carries the run out again. */
export function runAgain(words: readonly string[], choices: RunChoices): string {
  const { driver, seed, honest, cryptography, settings } = choices;
  return [
    'npx lab',
    ...words.map(shellWord),
    `--driver ${driver} --seed ${seed}`,
    ...(honest ? ['--honest'] : []),
    ...(cryptography === 'ideal' ? ['--cryptography ideal'] : []),
    ...settings.map((setting) => `--set ${shellWord(setting)}`),
  ].join(' ');
}
