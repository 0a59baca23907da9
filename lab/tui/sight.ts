/** What a key can be about besides the state. */
import type { LiveModel } from '../live/model.ts';
import type { Key } from './key.ts';
import type { Subject } from './subject.ts';

/** What is in sight as a key is pressed. */
export interface Sight {
  readonly model: LiveModel | null;
  /** Rows of the pane that has the keys. */
  readonly pageRows: number;
  /** Rows of the page on top, if one is. */
  readonly documentRows: number;
  /** What the chosen row of the page on top opens. */
  readonly opens: Subject | null;
}

/** Rows that a key moves by; 0 for other keys. */
export function stride(key: Key, pageRows: number): number {
  switch (key.name) {
    case 'up':
      return -1;
    case 'down':
      return 1;
    case 'pageUp':
      return -Math.max(1, pageRows - 1);
    case 'pageDown':
      return Math.max(1, pageRows - 1);
    case 'home':
      return -Infinity;
    case 'end':
      return Infinity;
    default:
      return 0;
  }
}
