/** Everything that takes bytes from outside. */
import { LIVING } from './living.ts';
import { PARSERS } from './parsers.ts';
import type { Target } from './target.ts';

export const TARGETS: readonly Target[] = [...PARSERS, ...LIVING];
