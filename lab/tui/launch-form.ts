/** The form that launches a testnet. */
import { field, type Form } from './form.ts';
import type { Cryptography, Driver } from './effect.ts';

const DRIVERS: readonly Driver[] = ['auto', 'docker', 'process', 'sim'];
const CRYPTOGRAPHY: readonly Cryptography[] = ['real', 'ideal'];
const MAX_SEED = 0xffffffff;

/** What the form begins with. */
export interface LaunchDefaults {
  readonly driver: Driver;
  readonly seed: number | null;
  readonly cryptography: Cryptography;
}

/** For a testnet file. */
export function launchForm(file: string, defaults: LaunchDefaults): Form {
  const { driver, seed, cryptography } = defaults;
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
      field({
        name: 'cryptography',
        value: cryptography,
        options: CRYPTOGRAPHY,
        hint: 'of a simulation',
        description:
          'Ideal: as unforgeable as the real one, at no cost; a slow machine then keeps in step with the clock. For driver sim alone.',
      }),
    ],
    submit: ({ driver: chosen = '', seed: text = '', cryptography: kind = '' }) => {
      const known = DRIVERS.find((name) => name === chosen);
      if (known === undefined) return 'choose a driver';
      const keys = CRYPTOGRAPHY.find((name) => name === kind) ?? 'real';
      if (keys === 'ideal' && known !== 'sim') {
        return 'cryptography: ideal is for driver sim alone';
      }
      return {
        type: 'launch',
        choice: {
          file,
          driver: known,
          seed: text === '' ? null : Number(text),
          cryptography: keys,
        },
      };
    },
  };
}
