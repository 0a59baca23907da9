/** The form that launches a testnet. */
import { field, type Form } from './form.ts';
import type { Driver } from './effect.ts';

const DRIVERS: readonly Driver[] = ['auto', 'docker', 'process', 'sim'];
const MAX_SEED = 0xffffffff;

/** For a testnet file. */
export function launchForm(file: string, driver: Driver, seed: number | null): Form {
  return {
    title: `Launch ${file}`,
    purpose: 'A network of this testnet; it stays until you remove it.',
    verb: 'launches it',
    selected: 0,
    refusal: null,
    fields: [
      field({
        name: 'driver',
        value: driver,
        options: DRIVERS,
        hint: '',
        description:
          'Where peers run: containers, processes, or a simulation in step with the clock. Auto: containers if this machine can, else processes.',
      }),
      field({
        name: 'seed',
        value: seed === null ? '' : String(seed),
        hint: "empty: the file's",
        description: 'What is drawn at random follows from it.',
        check: (text) =>
          text.trim() === '' || (/^\d{1,10}$/.test(text.trim()) && Number(text) <= MAX_SEED)
            ? null
            : `allowed: a whole number from 0 to ${MAX_SEED}`,
      }),
    ],
    submit: ({ driver: chosen = '', seed: text = '' }) => {
      const known = DRIVERS.find((name) => name === chosen);
      if (known === undefined) return 'choose a driver';
      return {
        type: 'launch',
        choice: { file, driver: known, seed: text === '' ? null : Number(text) },
      };
    },
  };
}
